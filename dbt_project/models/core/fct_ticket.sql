{%- set zone = "'" ~ setting('org_time_zone') ~ "'" -%}
with

clocks as (

    select
        source, ticket_id,
        max(case when clock = 'first_reply' then calendar_seconds end) as wait_seconds,
        max(case when clock = 'first_reply' then business_seconds end) as wait_business_seconds,
        max(case when clock = 'first_resolution' then calendar_seconds end) as first_resolution_seconds,
        max(case when clock = 'first_resolution' then business_seconds end) as first_resolution_business_seconds,
        max(case when clock = 'full_resolution' and is_over then calendar_seconds end) as full_resolution_seconds,
        max(case when clock = 'full_resolution' and is_over then business_seconds end) as full_resolution_business_seconds
    from {{ ref('int_support__clock') }}
    group by source, ticket_id

),

schedules as (

    select source, ticket_id, schedule_ref, schedule_basis,
        row_number() over (partition by source, ticket_id order by period_number) as period_rank
    from {{ ref('int_support__schedule') }}

),

-- The help desk's own figures, to hold ours against.
vendor as (

    select
        source, subject_id as ticket_id,
        max(case when metric = 'reply_time_in_minutes.calendar' then reported_value end) * 60 as reply_seconds,
        max(case when metric = 'reply_time_in_minutes.business' then reported_value end) * 60 as reply_business_seconds
    from {{ ref('stg_vendor_reports') }}
    where report = 'ticket_metric_set'
    group by source, subject_id

)

select
    tickets.source, tickets.ticket_id,
    ends.status, ends.is_unsolved, tickets.priority, tickets.channel,
    coalesce(tickets.queue_id, 'none') as queue_id,
    people.person_id, people.requester_key, people.account_id, people.is_matched, people.is_end_user, people.is_agent_created,
    tickets.created_at, people.created_on, people.asked_on, people.reporting_time_zone, people.tz_basis,
    replies.first_reply_at,
    case when replies.first_reply_at is not null then clocks.wait_seconds end as first_reply_seconds,
    case when replies.first_reply_at is not null then clocks.wait_business_seconds end as first_reply_business_seconds,
    case when delivered.has_messages then replies.first_reply_at is null and ends.is_unsolved end as is_first_reply_pending,
    clocks.wait_seconds, clocks.wait_business_seconds,
    case when delivered.has_messages then cast(coalesce(replies.reply_count, 0) as bigint) end as reply_count,
    ends.first_solved_at, ends.solved_at,
    {{ local_date('ends.first_solved_at', zone) }} as first_solved_on,
    {{ local_date('ends.solved_at', zone) }} as solved_on,
    clocks.first_resolution_seconds, clocks.first_resolution_business_seconds,
    clocks.full_resolution_seconds, clocks.full_resolution_business_seconds,
    cast(ends.reopen_count as bigint) as reopen_count, coalesce(soon.reopen14_count, 0) as reopen14_count,
    case when ends.solved_at is not null and delivered.has_messages
        then coalesce(replies.reply_count, 0) = 1 end as is_one_touch,
    case when delivered.has_changes then coalesce(hands.group_count, 0) end as group_count,
    case when delivered.has_changes then coalesce(hands.agent_count, 0) end as agent_count,
    ratings.csat,
    {{ local_date('ratings.csat_rated_at', zone) }} as csat_rated_on,
    {{ local_date('ratings.csat_offered_at', zone) }} as csat_offered_on,
    schedules.schedule_ref, schedules.schedule_basis,
    cast(floor(vendor.reply_seconds) as bigint) as vendor_first_reply_seconds,
    cast(floor(vendor.reply_business_seconds) as bigint) as vendor_first_reply_business_seconds,
    tickets.merged_into_id, delivered.has_changes, delivered.has_messages,
    people.is_countable, people.exclusion_reason,
    ends.has_inferred_status,
    ends.has_clock_fault or coalesce(replies.has_clock_fault, false) as has_clock_fault,
    case when delivered.has_messages then cast(coalesce(replies.unknown_author_count, 0) as bigint) end as unknown_author_count
from {{ ref('stg_tickets') }} as tickets
inner join {{ ref('int_support__delivered') }} as delivered on delivered.source = tickets.source
inner join {{ ref('int_support__resolution') }} as ends
    on ends.source = tickets.source and ends.ticket_id = tickets.ticket_id
inner join {{ ref('int_support__requester') }} as people
    on people.source = tickets.source and people.ticket_id = tickets.ticket_id
left join {{ ref('int_support__reply') }} as replies
    on replies.source = tickets.source and replies.ticket_id = tickets.ticket_id
left join {{ ref('int_support__rating') }} as ratings
    on ratings.source = tickets.source and ratings.ticket_id = tickets.ticket_id
left join (
    select source, ticket_id, count(*) as reopen14_count
    from {{ ref('fct_ticket_status') }}
    where change_type = 'reopened' and reopened_after_seconds < 14 * 86400
    group by source, ticket_id
) as soon
    on soon.source = tickets.source and soon.ticket_id = tickets.ticket_id
left join {{ ref('int_support__hand') }} as hands
    on hands.source = tickets.source and hands.ticket_id = tickets.ticket_id
left join clocks on clocks.source = tickets.source and clocks.ticket_id = tickets.ticket_id
left join schedules
    on schedules.source = tickets.source and schedules.ticket_id = tickets.ticket_id
    and schedules.period_rank = 1
left join vendor on vendor.source = tickets.source and vendor.ticket_id = tickets.ticket_id
