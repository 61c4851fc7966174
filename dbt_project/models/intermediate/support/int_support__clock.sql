with

clocks as (

    select
        tickets.source, tickets.ticket_id, 'first_reply' as clock, tickets.created_at as starts_at,
        case
            when replies.first_reply_at is not null then replies.first_reply_at
            when resolutions.solved_at is not null then resolutions.solved_at
            else {{ greatest_of('reach.through_at', 'tickets.created_at') }}
        end as ends_at,
        replies.first_reply_at is not null as is_over
    from {{ ref('stg_tickets') }} as tickets
    cross join {{ ref('int_support__reach') }} as reach
    left join {{ ref('int_support__resolution') }} as resolutions
        on resolutions.source = tickets.source and resolutions.ticket_id = tickets.ticket_id
    left join {{ ref('int_support__reply') }} as replies
        on replies.source = tickets.source and replies.ticket_id = tickets.ticket_id
    where reach.has_messages
    union all
    select tickets.source, tickets.ticket_id, 'first_resolution', tickets.created_at, ends.first_solved_at, true
    from {{ ref('stg_tickets') }} as tickets
    inner join {{ ref('int_support__resolution') }} as ends
        on ends.source = tickets.source and ends.ticket_id = tickets.ticket_id
    where ends.first_solved_at is not null
    union all
    select tickets.source, tickets.ticket_id, 'full_resolution', tickets.created_at, ends.solved_at, true
    from {{ ref('stg_tickets') }} as tickets
    inner join {{ ref('int_support__resolution') }} as ends
        on ends.source = tickets.source and ends.ticket_id = tickets.ticket_id
    where ends.solved_at is not null

),

pieces as (

    select
        clocks.source, clocks.ticket_id, clocks.clock, periods.schedule_ref,
        {{ greatest_of('clocks.starts_at', 'periods.starts_at') }} as starts_at,
        {{ least_of('clocks.ends_at', 'periods.ends_at') }} as ends_at
    from clocks
    inner join {{ ref('int_support__schedule') }} as periods
        on periods.source = clocks.source and periods.ticket_id = clocks.ticket_id
        and periods.ends_at > clocks.starts_at
        and (periods.starts_at < clocks.ends_at or periods.starts_at = clocks.starts_at)

),

opened as (

    select
        pieces.source, pieces.ticket_id, pieces.clock,
        max(case when pieces.schedule_ref is null then 1 else 0 end) as unknown_count,
        sum(case when windows.opens_at is null then 0 else {{ seconds_between(
            greatest_of('pieces.starts_at', 'windows.opens_at'), least_of('pieces.ends_at', 'windows.closes_at')
        ) }} end) as business_seconds
    from pieces
    left join {{ ref('int_support__open_window') }} as windows
        on windows.source = pieces.source and windows.schedule_ref = pieces.schedule_ref
        and windows.opens_at < pieces.ends_at and windows.closes_at > pieces.starts_at
    group by pieces.source, pieces.ticket_id, pieces.clock

)

select
    clocks.source, clocks.ticket_id, clocks.clock, clocks.is_over, clocks.starts_at, clocks.ends_at,
    cast(floor({{ seconds_between('clocks.starts_at', 'clocks.ends_at') }}) as bigint) as calendar_seconds,
    case when opened.unknown_count = 0 then cast(floor(opened.business_seconds) as bigint) end as business_seconds
from clocks
left join opened
    on opened.source = clocks.source and opened.ticket_id = clocks.ticket_id and opened.clock = clocks.clock
