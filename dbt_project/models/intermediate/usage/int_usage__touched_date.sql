{% set old_handover = previous('core', 'bridge_handover') %}
{% set old_exclusion = previous('core', 'dim_exclusion') %}
{% set old_person_day = previous('core', 'fct_person_day') %}
-- depends_on: {{ ref('int_identity__exclusion') }}
-- depends_on: {{ ref('int_identity__handover') }}
with

near as (

    select -2 as days union all select -1 union all select 0 union all select 1 union all select 2

),

-- A UTC day holds local days from the one before to the one after.
by_event as (

    select {{ add_days('touched.event_on', 'near.days') }} as activity_on
    from {{ ref('stg_touched_dates') }} as touched
    inner join near on near.days between -1 and 1

){% if old_handover and old_exclusion and old_person_day %},

changed_rules as (

    {{ changed_rows(old_exclusion, ref('int_identity__exclusion'), 'subject_type, subject_id, reason, valid_from_on, valid_to_on') }}

),

changed_handovers as (

    {{ changed_rows(old_handover, ref('int_identity__handover'), 'anonymous_id, person_id, after_at, until_at') }}

),

by_handover as (

    select {{ add_days('cast(changed_handovers.until_at as date)', 'near.days') }} as activity_on
    from changed_handovers
    cross join near

),

by_exclusion as (

    select days.activity_on
    from {{ old_person_day }} as days
    inner join changed_rules
        on changed_rules.subject_id
        = case changed_rules.subject_type when 'person' then days.person_id else days.account_id end

){% endif %}

select activity_on from by_event
{%- if old_handover and old_exclusion and old_person_day %}
union
select activity_on from by_handover
union
select activity_on from by_exclusion
{%- else %}
group by activity_on
{%- endif %}
