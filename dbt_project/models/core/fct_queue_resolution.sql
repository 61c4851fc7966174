with

tickets as (

    select
        queues.queue_id, tickets.created_on, clocks.calendar_seconds, clocks.business_seconds,
        case when clocks.is_over then 1 else 0 end as is_resolved
    from {{ ref('fct_ticket_clock') }} as clocks
    inner join {{ ref('fct_ticket') }} as tickets
        on tickets.source = clocks.source and tickets.ticket_id = clocks.ticket_id
    inner join {{ ref('bridge_queue') }} as queues on queues.member_queue_id = tickets.queue_id
    where clocks.clock = 'full_resolution' and clocks.is_countable

),

calendar_medians as (

    {{ kaplan_meier_median('tickets', ['queue_id', 'created_on'], 'calendar_seconds', 'is_resolved') }}

),

business_medians as (

    {{ kaplan_meier_median('tickets', ['queue_id', 'created_on'], 'business_seconds', 'is_resolved') }}

),

counts as (

    select queue_id, created_on, sum(is_resolved) as resolution_count, count(*) - sum(is_resolved) as pending_count
    from tickets
    group by queue_id, created_on

)

select
    counts.queue_id, counts.created_on,
    cast(counts.resolution_count as bigint) as resolution_count,
    cast(counts.pending_count as bigint) as resolution_pending_count,
    cast(calendar_medians.median_value as double) as resolution_p50_seconds,
    cast(business_medians.median_value as double) as resolution_business_p50_seconds
from counts
left join calendar_medians
    on calendar_medians.queue_id = counts.queue_id and calendar_medians.created_on = counts.created_on
left join business_medians
    on business_medians.queue_id = counts.queue_id and business_medians.created_on = counts.created_on
