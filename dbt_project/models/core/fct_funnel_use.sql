{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-analytics', 'day': 'event_on', 'rewritten': 'staging.stg_touched_dates.event_on'}
) }}

-- depends_on: {{ ref('stg_touched_dates') }}

with

-- Only funnels that hold a property need to look into the events themselves, and of these they
-- keep the one value: all properties of all events at once would not fit into memory.
held_names as (

    select event_name, held_property
    from {{ ref('dim_funnel_step') }}
    where held_property is not null
    group by event_name, held_property

),

held as (

    select events.source, events.event_id, names.held_property,
        {{ json_text_at('events.properties', 'names.held_property') }} as held_value
    from {{ ref('stg_usage_events') }} as events
    inner join held_names as names on names.event_name = events.event_name
    {%- if is_incremental() %}
    where {{ within_days('events.occurred_at', ref('stg_touched_dates'), 'event_on') }}
    {%- endif %}

),

events as (

    select *
    from {{ ref('fct_event') }}
    where
        is_countable and event_class <> 'system' and alias is not null
        {%- if is_incremental() %}
        and {{ within_days('occurred_at', ref('stg_touched_dates'), 'event_on') }}
        {%- endif %}

)
{% for is_held in [false, true] %}
select
    steps.funnel_id, steps.funnel_version, steps.is_exclusion, steps.step_number, steps.window_hours,
    events.source, events.event_id, events.event_on, events.occurred_at, events.received_at,
    events.alias_type, events.alias, events.group_id, {{ "held.held_value" if is_held else "'all' as held_value" }}
from events
inner join {{ ref('dim_funnel_step') }} as steps on steps.event_name = events.event_name
{%- if is_held %}
inner join held
    on held.source = events.source and held.event_id = events.event_id
    and held.held_property = steps.held_property
where held.held_value is not null
{%- else %}
where steps.held_property is null
union all
{%- endif %}
{%- endfor %}
order by event_on
