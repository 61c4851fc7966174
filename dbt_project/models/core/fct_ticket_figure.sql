{#- Figures of a help desk's own metric set, and the clocks that they are of. -#}
{%- set clocks = {
    'reply_time': 'first_reply', 'first_resolution_time': 'first_resolution',
    'full_resolution_time': 'full_resolution', 'requester_wait_time': 'requester_wait',
    'agent_wait_time': 'agent_wait', 'on_hold_time': 'on_hold',
} -%}
with

reported as (

    select source, subject_id as ticket_id, metric, reported_value, reported_at
    from {{ ref('stg_vendor_reports') }}
    where report = 'ticket_metric_set'

),

-- Of a clock that still runs, the figure of now is one of its own kind: waits are reported so, answers are not.
sums as (

    select
        source, ticket_id, clock,
        -- While it runs, each report of it is of another moment.
        case when max(case when is_running then 1 else 0 end) = 1 then cast('9999-12-31' as timestamp)
            else max(ends_at) end as counted_at,
        sum(calendar_seconds) as calendar_seconds,
        case when count(*) = count(business_seconds) then sum(business_seconds) end as business_seconds,
        max(one_schedule_seconds) as one_schedule_seconds
    from {{ ref('int_support__clock') }}
    where is_over or clock in ('requester_wait', 'agent_wait', 'on_hold')
    group by source, ticket_id, clock

),

paired as (
    {% for metric, clock in clocks.items() %}{% for hours in ['calendar', 'business'] %}
    select
        reported.source, reported.ticket_id, '{{ clock }}_{{ hours }}' as figure,
        {%- if clock in ['requester_wait', 'agent_wait', 'on_hold'] %}
        case when delivered.has_changes and sums.ticket_id is null then 0 else sums.{{ hours }}_seconds end as own_value,
        {%- else %}
        sums.{{ hours }}_seconds as own_value,
        {%- endif %}
        {{ 'sums.one_schedule_seconds' if hours == 'business' else 'cast(null as bigint)' }} as one_schedule_value,
        reported.reported_value * 60 as vendor_value, 60 as tolerance,
        sums.counted_at, reported.reported_at
    from reported
    inner join {{ ref('int_support__delivered') }} as delivered on delivered.source = reported.source
    left join sums
        on sums.source = reported.source and sums.ticket_id = reported.ticket_id and sums.clock = '{{ clock }}'
    where reported.metric = '{{ metric }}_in_minutes.{{ hours }}'
    union all
    {%- endfor %}{% endfor %}
    select reported.source, reported.ticket_id, 'replies',
        case when delivered.has_messages then coalesce(replies.reply_count, 0) end, null,
        reported.reported_value, 1, replies.last_reply_at, reported.reported_at
    from reported
    inner join {{ ref('int_support__delivered') }} as delivered on delivered.source = reported.source
    left join {{ ref('int_support__reply') }} as replies
        on replies.source = reported.source and replies.ticket_id = reported.ticket_id
    where reported.metric = 'replies'
    union all
    select reported.source, reported.ticket_id, 'reopens',
        case when delivered.has_changes then ends.reopen_count end, null,
        reported.reported_value, 1, ends.last_reopened_at, reported.reported_at
    from reported
    inner join {{ ref('int_support__delivered') }} as delivered on delivered.source = reported.source
    left join {{ ref('int_support__resolution') }} as ends
        on ends.source = reported.source and ends.ticket_id = reported.ticket_id
    where reported.metric = 'reopens'

)

select
    paired.source, paired.ticket_id, paired.figure,
    cast(paired.own_value as double) as own_value,
    cast(paired.one_schedule_value as double) as one_schedule_value,
    cast(paired.vendor_value as double) as vendor_value,
    cast(paired.own_value - paired.vendor_value as double) as difference,
    case
        when paired.own_value is null and paired.vendor_value is null then null
        when abs(paired.own_value - paired.vendor_value) < paired.tolerance then 'equal'
        when paired.counted_at > paired.reported_at then 'later data'
        when abs(paired.one_schedule_value - paired.vendor_value) < paired.tolerance then 'schedule rule'
        when paired.own_value is null and paired.figure like '%business' then 'schedule not known'
        when ends.has_clock_fault then 'clock fault'
        when ends.has_inferred_status then 'inferred status'
        when paired.vendor_value is null then 'not reported'
        else 'not explained'
    end as reason,
    paired.reported_at
from paired
inner join {{ ref('int_support__resolution') }} as ends
    on ends.source = paired.source and ends.ticket_id = paired.ticket_id
