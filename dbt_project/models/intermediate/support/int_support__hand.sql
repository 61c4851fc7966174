with

hands as (

    select source, ticket_id, 'group' as hand, queue_id as hand_id from {{ ref('stg_tickets') }}
    union
    select source, ticket_id, 'agent', assignee_ref from {{ ref('stg_tickets') }}
    union
    select source, ticket_id, case field when 'group_id' then 'group' else 'agent' end, previous_value
    from {{ ref('stg_ticket_events') }}
    where field in ('group_id', 'assignee_id')
    union
    select source, ticket_id, case field when 'group_id' then 'group' else 'agent' end, value
    from {{ ref('stg_ticket_events') }}
    where field in ('group_id', 'assignee_id')
    union
    select source, ticket_id, 'agent', author_ref from {{ ref('int_support__message') }} where is_reply

)

select
    source, ticket_id,
    cast(sum(case when hand = 'group' then 1 else 0 end) as bigint) as group_count,
    cast(sum(case when hand = 'agent' then 1 else 0 end) as bigint) as agent_count
from hands
where hand_id is not null and hand_id <> ''
group by source, ticket_id
