{{ config(
    materialized='incremental',
    incremental_strategy='replace_person_days',
    meta={'owner': 'product-analytics'}
) }}

-- depends_on: {{ ref('int_usage__touched_date') }}
-- depends_on: {{ ref('int_usage__moved_day') }}

with

events as (

    select
        people.alias_type,
        people.alias,
        people.person_id,
        coalesce(events.group_id, people.account_id) as account_id,
        {{ local_date('events.occurred_at', 'people.reporting_time_zone') }} as activity_on,
        events.loaded_at
    from {{ ref('fct_event') }} as events
    left join {{ ref('bridge_handover') }} as handovers
        on events.alias_type = 'anonymous_id' and handovers.anonymous_id = events.alias
        and events.occurred_at > handovers.after_at and events.occurred_at <= handovers.until_at
    inner join {{ ref('bridge_identity') }} as people
        on people.alias_type = case when handovers.user_id is null then events.alias_type else 'user_id' end
        and people.alias = coalesce(handovers.user_id, events.alias)
    where
        events.event_class = 'value' and events.is_countable
        {%- if is_incremental() %}
        and {{ may_be_rewritten('events') }}
        {%- endif %}

)

select alias_type, alias, events.person_id, account_id, events.activity_on, min(loaded_at) as known_at
from events
{%- if is_incremental() %}
{{ only_rewritten('events') }}
{%- endif %}
group by alias_type, alias, events.person_id, account_id, events.activity_on
order by events.activity_on
