{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-analytics', 'day': 'event_on', 'rewritten': 'staging.stg_touched_dates.event_on'}
) }}

-- depends_on: {{ ref('stg_touched_dates') }}

with

-- Only funnels that hold a property need to look into the events themselves.
held as (

    select source, event_id, properties
    from {{ ref('stg_usage_events') }}
    where
        event_name in (select event_name from {{ ref('dim_funnel_step') }} where held_property is not null)
        {%- if is_incremental() %}
        and {{ within_days('occurred_at', ref('stg_touched_dates'), 'event_on') }}
        {%- endif %}

)

select
    steps.funnel_id, steps.funnel_version, steps.is_exclusion, steps.step_number, steps.window_hours,
    events.source, events.event_id, events.event_on, events.occurred_at, events.received_at,
    events.alias_type, events.alias, events.group_id,
    case
        when steps.held_property is null then 'all'
        else {{ json_text_at('held.properties', 'steps.held_property') }}
    end as held_value
from {{ ref('fct_event') }} as events
inner join {{ ref('dim_funnel_step') }} as steps on steps.event_name = events.event_name
left join held on held.source = events.source and held.event_id = events.event_id
where
    events.is_countable and events.event_class <> 'system' and events.alias is not null
    {%- if is_incremental() %}
    and {{ within_days('events.occurred_at', ref('stg_touched_dates'), 'event_on') }}
    {%- endif %}
order by events.event_on
