{{ config(materialized='view') }}
{#- Statuses in which a clock runs; a solved ticket that is opened again sets it going again. -#}
{%- set statuses = {
    'requester_wait': "'new', 'open', 'hold'",
    'agent_work': "'new', 'open'",
    'on_hold': "'hold'",
    'agent_wait': "'pending'",
} -%}
with

tickets as (

    select
        tickets.source, tickets.ticket_id, tickets.created_at,
        ends.first_solved_at, ends.solved_at, ends.is_unsolved, replies.first_reply_at,
        {{ greatest_of('reach.through_at', 'tickets.created_at') }} as cut_at,
        delivered.has_changes, delivered.has_messages
    from {{ ref('stg_tickets') }} as tickets
    cross join {{ ref('int_support__reach') }} as reach
    inner join {{ ref('int_support__delivered') }} as delivered on delivered.source = tickets.source
    left join {{ ref('int_support__resolution') }} as ends
        on ends.source = tickets.source and ends.ticket_id = tickets.ticket_id
    left join {{ ref('int_support__reply') }} as replies
        on replies.source = tickets.source and replies.ticket_id = tickets.ticket_id

)

select
    source, ticket_id, 'first_reply' as clock, cast(1 as bigint) as span_number, created_at as starts_at,
    coalesce(first_reply_at, solved_at, cut_at) as ends_at,
    first_reply_at is not null as is_over,
    first_reply_at is null and coalesce(is_unsolved, true) as is_running
from tickets
where has_messages
union all
select source, ticket_id, 'first_resolution', 1, created_at, first_solved_at, true, false
from tickets
where first_solved_at is not null
union all
select
    source, ticket_id, 'full_resolution', 1, created_at, coalesce(solved_at, cut_at), solved_at is not null,
    solved_at is null
from tickets
where solved_at is not null or is_unsolved
union all
select
    tickets.source, tickets.ticket_id, 'next_reply', asked.span_number, asked.starts_at,
    case
        when asked.is_replied then asked.replied_at
        else {{ greatest_of('coalesce(tickets.solved_at, tickets.cut_at)', 'asked.starts_at') }}
    end,
    asked.is_replied,
    not asked.is_replied and tickets.is_unsolved
from {{ ref('int_support__next_reply') }} as asked
inner join tickets on tickets.source = asked.source and tickets.ticket_id = asked.ticket_id
-- Who writes once all is solved, and is not answered, waits for nothing.
where asked.is_replied or tickets.is_unsolved or tickets.solved_at > asked.starts_at
{%- for clock, within in statuses.items() %}
union all
select
    tickets.source, tickets.ticket_id, '{{ clock }}', spells.spell_number, spells.starts_at,
    coalesce(spells.ends_at, {{ greatest_of('tickets.cut_at', 'spells.starts_at') }}),
    spells.ends_at is not null,
    spells.ends_at is null
from {{ ref('int_support__status') }} as spells
inner join tickets on tickets.source = spells.source and tickets.ticket_id = spells.ticket_id
where tickets.has_changes and spells.status in ({{ within }})
{%- endfor %}
