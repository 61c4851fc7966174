with

known as (

    select source, schedule_ref from {{ ref('int_support__open_hours') }} group by source, schedule_ref

),

only_ones as (

    select source, min(schedule_ref) as schedule_ref from known group by source having count(*) = 1

),

changes as (

    select
        source, ticket_id, occurred_at, previous_value, value,
        row_number() over (
            partition by source, ticket_id order by occurred_at, length(ticket_event_id), ticket_event_id
        ) as change_number,
        lead(occurred_at) over (
            partition by source, ticket_id order by occurred_at, length(ticket_event_id), ticket_event_id
        ) as next_at
    from {{ ref('stg_ticket_events') }}
    where field in ('schedule_id', 'schedule_ref')

),

periods as (

    select
        tickets.source, tickets.ticket_id, 0 as period_number,
        case when changes.ticket_id is null then tickets.schedule_ref else changes.previous_value end as schedule_ref,
        cast('0001-01-01' as timestamp) as starts_at,
        coalesce(changes.occurred_at, cast('9999-12-31' as timestamp)) as ends_at
    from {{ ref('stg_tickets') }} as tickets
    left join changes
        on changes.source = tickets.source and changes.ticket_id = tickets.ticket_id
        and changes.change_number = 1
    union all
    select source, ticket_id, change_number, value, occurred_at,
        coalesce(next_at, cast('9999-12-31' as timestamp))
    from changes

)

select
    periods.source, periods.ticket_id, periods.period_number,
    case
        when known.schedule_ref is not null then periods.schedule_ref
        when periods.schedule_ref is null then only_ones.schedule_ref
    end as schedule_ref,
    case
        when known.schedule_ref is not null then 'ticket'
        when periods.schedule_ref is not null then 'not delivered'
        when only_ones.schedule_ref is not null then 'only schedule'
        else 'not known'
    end as schedule_basis,
    periods.starts_at, periods.ends_at
from periods
left join known on known.source = periods.source and known.schedule_ref = periods.schedule_ref
left join only_ones on only_ones.source = periods.source
