with

-- A row dated in the future vouches for nothing.
ends as (

    select
        (select min(created_at) from {{ ref('stg_tickets') }} where created_at <= {{ as_of_at() }}) as first_created_at,
        (select max(version_at) from {{ ref('stg_tickets') }} where version_at <= {{ as_of_at() }}) as tickets_at,
        (select max(occurred_at) from {{ ref('stg_ticket_events') }} where occurred_at <= {{ as_of_at() }}) as changes_at,
        (select max(created_at) from {{ ref('stg_ticket_messages') }} where created_at <= {{ as_of_at() }}) as messages_at

),

known as (

    -- What was never delivered sets no bound; its columns stay NULL instead.
    select
        first_created_at,
        changes_at is not null as has_changes,
        messages_at is not null as has_messages,
        {{ least_of(least_of('tickets_at', 'changes_at') | trim, 'messages_at') }} as through_at,
        {{ greatest_of(greatest_of('tickets_at', 'changes_at') | trim, 'messages_at') }} as last_at
    from ends
    where first_created_at is not null

)

select first_created_at, through_at, last_at, has_changes, has_messages
from known
