with

ends as (

    select
        (select min(created_at) from {{ ref('stg_tickets') }}) as first_created_at,
        (select max(version_at) from {{ ref('stg_tickets') }}) as tickets_at,
        (select max(occurred_at) from {{ ref('stg_ticket_events') }}) as changes_at,
        (select max(created_at) from {{ ref('stg_ticket_messages') }}) as messages_at,
        {{ as_of_at() }} as now_at

),

known as (

    -- What was never delivered sets no bound; its columns stay NULL instead.
    select
        first_created_at, now_at,
        changes_at is not null as has_changes,
        messages_at is not null as has_messages,
        {{ least_of(least_of('tickets_at', 'changes_at') | trim, 'messages_at') }} as all_reach_at,
        {{ greatest_of(greatest_of('tickets_at', 'changes_at') | trim, 'messages_at') }} as one_reaches_at
    from ends
    where first_created_at is not null

)

select
    first_created_at,
    {{ least_of('all_reach_at', 'now_at') }} as through_at,
    {{ least_of('one_reaches_at', 'now_at') }} as last_at,
    has_changes,
    has_messages
from known
