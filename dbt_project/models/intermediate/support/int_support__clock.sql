{#- Clocks that one event stops; a help desk times these by the one schedule in force at that event. -#}
{%- set of_one_event = "('first_reply', 'first_resolution', 'full_resolution')" -%}
with

pieces as (

    select
        clocks.source, clocks.ticket_id, clocks.clock, clocks.span_number, periods.schedule_ref,
        'in force' as rule,
        {{ greatest_of('clocks.starts_at', 'periods.starts_at') }} as starts_at,
        {{ least_of('clocks.ends_at', 'periods.ends_at') }} as ends_at
    from {{ ref('int_support__span') }} as clocks
    inner join {{ ref('int_support__schedule') }} as periods
        on periods.source = clocks.source and periods.ticket_id = clocks.ticket_id
        and periods.ends_at > clocks.starts_at
        and (periods.starts_at < clocks.ends_at or periods.starts_at = clocks.starts_at)
    union all
    select
        clocks.source, clocks.ticket_id, clocks.clock, clocks.span_number, periods.schedule_ref,
        'one schedule', clocks.starts_at, clocks.ends_at
    from {{ ref('int_support__span') }} as clocks
    inner join {{ ref('int_support__schedule') }} as periods
        on periods.source = clocks.source and periods.ticket_id = clocks.ticket_id
        and periods.starts_at <= clocks.ends_at and periods.ends_at > clocks.ends_at
    where clocks.is_over and clocks.clock in {{ of_one_event }}

),

opened as (

    select
        pieces.source, pieces.ticket_id, pieces.clock, pieces.span_number, pieces.rule,
        max(case when pieces.schedule_ref is null then 1 else 0 end) as unknown_count,
        sum(case when windows.opens_at is null then 0 else {{ seconds_between(
            greatest_of('pieces.starts_at', 'windows.opens_at'), least_of('pieces.ends_at', 'windows.closes_at')
        ) }} end) as open_seconds
    from pieces
    left join {{ ref('int_support__open_window') }} as windows
        on windows.source = pieces.source and windows.schedule_ref = pieces.schedule_ref
        and windows.opens_at < pieces.ends_at and windows.closes_at > pieces.starts_at
    group by pieces.source, pieces.ticket_id, pieces.clock, pieces.span_number, pieces.rule

),

ruled as (

    select
        source, ticket_id, clock, span_number,
        max(case when rule = 'in force' and unknown_count = 0 then cast(floor(open_seconds) as bigint) end)
            as business_seconds,
        max(case when rule = 'one schedule' and unknown_count = 0 then cast(floor(open_seconds) as bigint) end)
            as one_schedule_seconds
    from opened
    group by source, ticket_id, clock, span_number

)

select
    clocks.source, clocks.ticket_id, clocks.clock, clocks.span_number, clocks.is_over, clocks.is_running,
    clocks.starts_at, clocks.ends_at,
    cast(floor({{ seconds_between('clocks.starts_at', 'clocks.ends_at') }}) as bigint) as calendar_seconds,
    ruled.business_seconds, ruled.one_schedule_seconds
from {{ ref('int_support__span') }} as clocks
left join ruled
    on ruled.source = clocks.source and ruled.ticket_id = clocks.ticket_id and ruled.clock = clocks.clock
    and ruled.span_number = clocks.span_number
