{{ config(
    materialized='incremental',
    incremental_strategy='replace_since',
    meta={'owner': 'product-analytics', 'ended': 'ended_at', 'slack_minutes': 30}
) }}
-- depends_on: {{ ref('int_usage__touched_person') }}, {{ ref('int_usage__left_start') }}
{% set in_reach = 'event_on >= ' ~ session_days_from() if is_incremental() else '1 = 1' %}
with

{% if is_incremental() %}
-- Whoever is not touched keeps all sessions, the others those that ended half an hour before.
anew as (

    select
        touched.person_id, min(touched.since_on) as since_on,
        min(case when built.is_clean then built.started_at end) as clean_from_at,
        min(case when not built.is_clean then built.started_at end) as other_from_at
    from {{ ref('int_usage__touched_person') }} as touched
    left join {{ this }} as built on built.person_id = touched.person_id and {{ may_hang('built', 'ended_at', 30) }}
    group by touched.person_id

),

{% endif -%}
devices as (select anonymous_id from {{ ref('bridge_handover') }} group by anonymous_id),

-- A device that changes hands may do so within a part, so its events are told apart one by one.
-- They are few, and the parts stay free of people: a new sign-in rewrites none of them.
pieces as (

    select
        parts.alias_type, parts.alias, parts.group_id, parts.is_countable, parts.first_at, parts.last_at, parts.event_count, parts.value_event_count
    from {{ ref('fct_session_part') }} as parts
    left join devices on parts.alias_type = 'anonymous_id' and devices.anonymous_id = parts.alias
    where devices.anonymous_id is null and {{ in_reach }}
    union all
    select
        case when handovers.user_id is null then events.alias_type else 'user_id' end,
        coalesce(handovers.user_id, events.alias),
        events.group_id, events.is_countable, events.occurred_at, events.occurred_at,
        1, case when events.event_class = 'value' then 1 else 0 end
    from {{ ref('fct_event') }} as events
    inner join devices on devices.anonymous_id = events.alias
    left join {{ ref('bridge_handover') }} as handovers
        on handovers.anonymous_id = events.alias and events.occurred_at > handovers.after_at and events.occurred_at <= handovers.until_at
    where events.alias_type = 'anonymous_id' and events.event_class <> 'system' and {{ in_reach }}

),

parts as (

    select
        people.person_id, people.reporting_time_zone,
        coalesce(pieces.group_id, people.account_id) as account_id,
        pieces.is_countable as is_clean, pieces.first_at, pieces.last_at, pieces.event_count, pieces.value_event_count,
        -- Parts of several ids overlap: what counts is the last sign of life of any of them.
        max(pieces.last_at) over (
            partition by people.person_id, pieces.is_countable order by pieces.first_at, pieces.last_at
            rows between unbounded preceding and 1 preceding
        ) as silent_since_at
    from pieces
    inner join {{ ref('bridge_identity') }} as people on people.alias_type = pieces.alias_type and people.alias = pieces.alias
    {%- if is_incremental() %}
    inner join anew on anew.person_id = people.person_id
    where
        pieces.first_at >= anew.since_on
        or pieces.first_at >= case when pieces.is_countable then anew.clean_from_at else anew.other_from_at end
    {%- endif %}

),

-- A part after silence begins a session; those behind it belong to the last one that has begun.
numbered as (

    select
        *,
        max(case when silent_since_at is null or first_at > silent_since_at + interval '30' minute then first_at end)
            over (
                partition by person_id, is_clean order by first_at, last_at
                range between unbounded preceding and current row
            ) as started_at
    from parts

),

sessions as (

    select
        person_id, is_clean, started_at,
        min(case when first_at = started_at then account_id end) as account_id,
        max(last_at) as ended_at, {{ local_date('started_at', 'reporting_time_zone') }} as started_on,
        sum(event_count) as event_count, sum(value_event_count) as value_event_count
    from numbered
    group by person_id, is_clean, started_at, reporting_time_zone

),

barred as (

    select sessions.person_id, sessions.is_clean, sessions.started_at, min(rules.reason) as reason
    from sessions
    inner join {{ ref('dim_exclusion') }} as rules
        on rules.subject_id = case rules.subject_type when 'person' then sessions.person_id else sessions.account_id end
        and (rules.valid_from_on is null or sessions.started_on >= rules.valid_from_on)
        and (rules.valid_to_on is null or sessions.started_on < rules.valid_to_on)
    group by sessions.person_id, sessions.is_clean, sessions.started_at

)

select
    sessions.person_id, sessions.started_at, sessions.is_clean, sessions.account_id, sessions.started_on, sessions.ended_at,
    {{ seconds_between('sessions.started_at', 'sessions.ended_at') }} as length_seconds,
    cast(sessions.event_count as bigint) as event_count, cast(sessions.value_event_count as bigint) as value_event_count,
    sessions.is_clean and barred.reason is null as is_countable,
    case when sessions.is_clean then barred.reason else coalesce(barred.reason, 'unwanted events') end as exclusion_reason
from sessions
left join barred
    on barred.person_id = sessions.person_id and barred.is_clean = sessions.is_clean
    and barred.started_at = sessions.started_at
order by sessions.started_at
