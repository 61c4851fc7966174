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
        people.person_id,
        coalesce(events.group_id, people.account_id) as account_id,
        coalesce(events.feature_id, 'none') as feature_id,
        {{ local_date('events.occurred_at', 'people.reporting_time_zone') }} as activity_on,
        people.reporting_time_zone,
        people.tz_basis,
        events.occurred_at,
        events.is_countable,
        events.exclusion_reason
    from {{ ref('fct_event') }} as events
    left join {{ ref('bridge_handover') }} as handovers
        on events.alias_type = 'anonymous_id' and handovers.anonymous_id = events.alias
        and events.occurred_at > handovers.after_at and events.occurred_at <= handovers.until_at
    inner join {{ ref('bridge_identity') }} as people
        on people.alias_type = case when handovers.user_id is null then events.alias_type else 'user_id' end
        and people.alias = coalesce(handovers.user_id, events.alias)
    where
        events.event_class = 'value'
        {%- if is_incremental() %}
        and {{ may_be_rewritten('events') }}
        {%- endif %}

),

days as (

    select
        events.person_id, account_id, feature_id, events.activity_on, reporting_time_zone, tz_basis,
        sum(case when is_countable then 1 else 0 end) as event_count,
        sum(case when is_countable then 0 else 1 end) as excluded_event_count,
        -- Where anything counts, a robot's event before it is no first use.
        coalesce(min(case when is_countable then occurred_at end), min(occurred_at)) as first_at,
        coalesce(max(case when is_countable then occurred_at end), max(occurred_at)) as last_at,
        min(exclusion_reason) as event_reason
    from events
    {%- if is_incremental() %}
    {{ only_rewritten('events') | indent(4) }}
    {%- endif %}
    group by events.person_id, account_id, feature_id, events.activity_on, reporting_time_zone, tz_basis

),

subjects as (

    select person_id, account_id, activity_on from days group by person_id, account_id, activity_on

),

barred as (

    select subjects.person_id, subjects.account_id, subjects.activity_on, min(rules.reason) as reason
    from subjects
    inner join {{ ref('dim_exclusion') }} as rules
        on rules.subject_id
        = case rules.subject_type when 'person' then subjects.person_id else subjects.account_id end
        and (rules.valid_from_on is null or subjects.activity_on >= rules.valid_from_on)
        and (rules.valid_to_on is null or subjects.activity_on < rules.valid_to_on)
    group by subjects.person_id, subjects.account_id, subjects.activity_on

)

select
    days.person_id, days.account_id, days.feature_id, days.activity_on,
    days.reporting_time_zone, days.tz_basis,
    cast(case when barred.reason is null then days.event_count else 0 end as bigint) as event_count,
    cast(
        days.excluded_event_count + case when barred.reason is null then 0 else days.event_count end as bigint
    ) as excluded_event_count,
    days.first_at, days.last_at,
    barred.reason is null and days.event_count > 0 as is_countable,
    case when barred.reason is null and days.event_count > 0 then null
        else coalesce(barred.reason, days.event_reason) end as exclusion_reason
from days
left join barred
    on barred.person_id = days.person_id and barred.account_id = days.account_id
    and barred.activity_on = days.activity_on
order by days.activity_on
