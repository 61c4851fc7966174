with

changes as (

    select
        source, ticket_id, occurred_at, lower(previous_value) as previous_value, lower(value) as value,
        row_number() over (
            partition by source, ticket_id order by occurred_at, length(ticket_event_id), ticket_event_id
        ) as change_number,
        lead(occurred_at) over (
            partition by source, ticket_id order by occurred_at, length(ticket_event_id), ticket_event_id
        ) as next_at
    from {{ ref('stg_ticket_events') }}
    where field = 'priority'

)

-- Some help desks write the first priority as a change from nothing: it held from the beginning.
select
    tickets.source, tickets.ticket_id, cast(0 as bigint) as period_number,
    case
        when changes.ticket_id is null then tickets.priority
        else coalesce(changes.previous_value, changes.value)
    end as priority,
    cast('0001-01-01' as timestamp) as starts_at,
    coalesce(changes.occurred_at, cast('9999-12-31' as timestamp)) as ends_at
from {{ ref('stg_tickets') }} as tickets
left join changes
    on changes.source = tickets.source and changes.ticket_id = tickets.ticket_id and changes.change_number = 1
union all
select changes.source, changes.ticket_id, changes.change_number, changes.value, changes.occurred_at,
    coalesce(changes.next_at, cast('9999-12-31' as timestamp))
from changes
inner join {{ ref('stg_tickets') }} as tickets
    on tickets.source = changes.source and tickets.ticket_id = changes.ticket_id
