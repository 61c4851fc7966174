with

changes as (

    select
        events.source, events.ticket_id, tickets.version_at,
        {{ greatest_of('events.occurred_at', 'tickets.created_at') }} as starts_at,
        events.occurred_at < tickets.created_at as is_clock_fault,
        events.occurred_at, length(events.ticket_event_id) as id_length, events.ticket_event_id,
        lower(events.value) as status
    from {{ ref('stg_ticket_events') }} as events
    inner join {{ ref('stg_tickets') }} as tickets
        on tickets.source = events.source and tickets.ticket_id = events.ticket_id
    where events.field = 'status' and events.value is not null

),

last_known as (

    select
        source, ticket_id, status, starts_at,
        row_number() over (
            partition by source, ticket_id order by occurred_at desc, id_length desc, ticket_event_id desc
        ) as recency
    from changes
    where occurred_at <= version_at

),

-- The ticket itself says another status than its changes so far: one of them was not delivered.
repairs as (

    select
        tickets.source, tickets.ticket_id, tickets.status,
        {{ greatest_of(
            greatest_of(least_of('tickets.updated_at', 'tickets.version_at') | trim, 'tickets.created_at') | trim,
            'last_known.starts_at'
        ) }} as starts_at
    from {{ ref('stg_tickets') }} as tickets
    left join last_known
        on last_known.source = tickets.source and last_known.ticket_id = tickets.ticket_id
        and last_known.recency = 1
    where tickets.status is distinct from last_known.status

),

moments as (

    select source, ticket_id, created_at as starts_at, 0 as rank_number, created_at as occurred_at,
        0 as id_length, '' as ticket_event_id, 'new' as status, false as is_clock_fault, false as is_inferred
    from {{ ref('stg_tickets') }}
    union all
    select source, ticket_id, starts_at, case when occurred_at <= version_at then 1 else 3 end,
        occurred_at, id_length, ticket_event_id, status, is_clock_fault, false
    from changes
    union all
    select source, ticket_id, starts_at, 2, starts_at, 0, '', status, false, true from repairs

),

-- Of one moment: creation, changes in their order, what the ticket itself says, later changes.
chained as (

    select
        source, ticket_id, status, starts_at, is_clock_fault, is_inferred,
        lag(status) over moments_in_order as previous_status,
        row_number() over moments_in_order as moment_number
    from moments
    window moments_in_order as (
        partition by source, ticket_id order by starts_at, rank_number, occurred_at, id_length, ticket_event_id
    )

),

spells as (

    select
        source, ticket_id, status, previous_status, starts_at, is_clock_fault, is_inferred,
        row_number() over changes_in_order as spell_number,
        lead(starts_at) over changes_in_order as ends_at
    from chained
    where status is distinct from previous_status
    window changes_in_order as (partition by source, ticket_id order by moment_number)

)

select
    source, ticket_id, spell_number, status,
    status not in ('solved', 'closed', 'deleted') as is_unsolved,
    starts_at, ends_at,
    case
        when previous_status not in ('solved', 'closed', 'deleted') and status in ('solved', 'closed') then 'solved'
        when previous_status in ('solved', 'closed') and status not in ('solved', 'closed', 'deleted') then 'reopened'
        when previous_status not in ('solved', 'closed', 'deleted') and status = 'deleted' then 'deleted'
        when previous_status = 'deleted' and status not in ('solved', 'closed', 'deleted') then 'restored'
    end as change_type,
    is_clock_fault, is_inferred
from spells
