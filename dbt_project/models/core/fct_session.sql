with

devices as (select anonymous_id from {{ ref('bridge_handover') }} group by anonymous_id),

-- A device that changes hands may do so within a part, so its events are told apart one by one.
-- They are few, and the parts stay free of people: a new sign-in rewrites none of them.
pieces as (

    select
        parts.alias_type, parts.alias, parts.group_id, parts.is_countable, parts.first_at, parts.last_at,
        parts.event_count, parts.value_event_count
    from {{ ref('fct_session_part') }} as parts
    left join devices on parts.alias_type = 'anonymous_id' and devices.anonymous_id = parts.alias
    where devices.anonymous_id is null
    union all
    select
        case when handovers.user_id is null then events.alias_type else 'user_id' end,
        coalesce(handovers.user_id, events.alias),
        events.group_id, events.is_countable, events.occurred_at, events.occurred_at,
        1, case when events.event_class = 'value' then 1 else 0 end
    from {{ ref('fct_event') }} as events
    inner join devices on devices.anonymous_id = events.alias
    left join {{ ref('bridge_handover') }} as handovers
        on handovers.anonymous_id = events.alias
        and events.occurred_at > handovers.after_at and events.occurred_at <= handovers.until_at
    where events.alias_type = 'anonymous_id' and events.event_class <> 'system'

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
    inner join {{ ref('bridge_identity') }} as people
        on people.alias_type = pieces.alias_type and people.alias = pieces.alias

),

numbered as (

    select
        *,
        sum(case when silent_since_at is null or first_at > silent_since_at + interval '30' minute then 1 else 0 end)
            over (
                partition by person_id, is_clean order by first_at, last_at
                range between unbounded preceding and current row
            ) as session_number
    from parts

),

openings as (

    select
        person_id, is_clean, session_number, account_id,
        row_number() over (
            partition by person_id, is_clean, session_number order by first_at, account_id
        ) as opening_rank
    from numbered

),

sessions as (

    select
        person_id, is_clean, session_number, reporting_time_zone,
        min(first_at) as started_at, max(last_at) as ended_at,
        {{ local_date('min(first_at)', 'reporting_time_zone') }} as started_on,
        sum(event_count) as event_count, sum(value_event_count) as value_event_count
    from numbered
    group by person_id, is_clean, session_number, reporting_time_zone

),

placed as (

    select sessions.*, openings.account_id
    from sessions
    inner join openings
        on openings.person_id = sessions.person_id and openings.is_clean = sessions.is_clean
        and openings.session_number = sessions.session_number and openings.opening_rank = 1

),

barred as (

    select placed.person_id, placed.is_clean, placed.session_number, min(rules.reason) as reason
    from placed
    inner join {{ ref('dim_exclusion') }} as rules
        on rules.subject_id = case rules.subject_type when 'person' then placed.person_id else placed.account_id end
        and (rules.valid_from_on is null or placed.started_on >= rules.valid_from_on)
        and (rules.valid_to_on is null or placed.started_on < rules.valid_to_on)
    group by placed.person_id, placed.is_clean, placed.session_number

)

select
    placed.person_id, placed.started_at, placed.is_clean,
    placed.account_id, placed.started_on, placed.ended_at,
    {{ seconds_between('placed.started_at', 'placed.ended_at') }} as length_seconds,
    cast(placed.event_count as bigint) as event_count,
    cast(placed.value_event_count as bigint) as value_event_count,
    placed.is_clean and barred.reason is null as is_countable,
    case when placed.is_clean then barred.reason else coalesce(barred.reason, 'unwanted events') end as exclusion_reason
from placed
left join barred
    on barred.person_id = placed.person_id and barred.is_clean = placed.is_clean
    and barred.session_number = placed.session_number
