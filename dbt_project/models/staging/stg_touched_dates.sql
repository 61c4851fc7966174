{{ config(materialized='table') }}
{% set has_moves = setting('touched_event_dates') and has_revisions('usage_events') %}

with

given as (

    {{ literal_days(setting('touched_event_dates'), 'event_on') }}

){% if has_moves %},

revised as (

    select source, event_id
    from {{ lake('usage_events') }}
    where is_revision
    group by source, event_id

),

-- A new or withdrawn version may make another one count, which lies on another day.
versions as (

    select loaded.source, loaded.event_id, cast(loaded.occurred_at as date) as event_on
    from {{ lake('usage_events') }} as loaded
    inner join revised
        on revised.source = loaded.source and revised.event_id = loaded.event_id

),

moved as (

    select others.event_on
    from versions as touched
    inner join given on given.event_on = touched.event_on
    inner join versions as others
        on others.source = touched.source and others.event_id = touched.event_id

){% endif %}

select event_on from given
{%- if has_moves %}
union
select event_on from moved
{%- endif %}
