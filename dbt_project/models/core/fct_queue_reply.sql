with

tickets as (

    select
        queues.queue_id, tickets.created_on, tickets.wait_seconds, tickets.wait_business_seconds,
        tickets.is_first_reply_pending,
        case when tickets.first_reply_at is null then 0 else 1 end as is_replied
    from {{ ref('fct_ticket') }} as tickets
    inner join {{ ref('bridge_queue') }} as queues on queues.member_queue_id = tickets.queue_id
    where tickets.is_countable

),

calendar_medians as (

    {{ kaplan_meier_median('tickets', ['queue_id', 'created_on'], 'wait_seconds', 'is_replied') }}

),

business_medians as (

    {{ kaplan_meier_median('tickets', ['queue_id', 'created_on'], 'wait_business_seconds', 'is_replied') }}

),

counts as (

    select
        queue_id, created_on,
        sum(is_replied) as first_reply_count,
        sum(case when is_first_reply_pending then 1 else 0 end) as first_reply_pending_count
    from tickets
    group by queue_id, created_on

)

select
    counts.queue_id, counts.created_on,
    cast(counts.first_reply_count as bigint) as first_reply_count,
    cast(counts.first_reply_pending_count as bigint) as first_reply_pending_count,
    cast(calendar_medians.median_value as double) as first_reply_p50_seconds,
    cast(business_medians.median_value as double) as first_reply_business_p50_seconds
from counts
left join calendar_medians
    on calendar_medians.queue_id = counts.queue_id and calendar_medians.created_on = counts.created_on
left join business_medians
    on business_medians.queue_id = counts.queue_id and business_medians.created_on = counts.created_on
