with

ordered as (

    select
        messages.source, messages.ticket_id, messages.message_id, messages.author_ref, messages.is_public,
        messages.channel, messages.created_at,
        -- Closing without a word is a message to some help desks; where none has words, nothing is known.
        messages.body is null
            and max(case when messages.body is null then 0 else 1 end) over (partition by messages.source) = 1
            as is_wordless,
        tickets.requester_ref, tickets.submitter_ref, tickets.created_at as ticket_created_at,
        row_number() over (
            partition by messages.source, messages.ticket_id
            order by messages.created_at, length(messages.message_id), messages.message_id
        ) as message_number
    from {{ ref('stg_ticket_messages') }} as messages
    inner join {{ ref('stg_tickets') }} as tickets
        on tickets.source = messages.source and tickets.ticket_id = messages.ticket_id

),

known as (

    select
        ordered.*,
        agents.agent_ref is not null
            and ordered.author_ref <> '-1'
            and coalesce(ordered.channel, '') <> 'rule'
            and ordered.author_ref is distinct from ordered.requester_ref as is_agent,
        -- Who opens a ticket for somebody else does not answer by doing so.
        ordered.message_number = 1
            and (
                coalesce(ordered.submitter_ref = ordered.author_ref, false)
                or (ordered.submitter_ref is null and ordered.created_at <= ordered.ticket_created_at)
            ) as is_opening,
        agents.agent_ref is null and people.identity_ref is null
            and ordered.author_ref is distinct from ordered.requester_ref
            and coalesce(ordered.author_ref, '') <> '-1' as is_unknown_author,
        coalesce(ordered.channel, '') <> 'rule' and coalesce(ordered.author_ref, '') <> '-1'
            and (agents.agent_ref is null or ordered.author_ref = ordered.requester_ref) as is_asking
    from ordered
    left join {{ ref('int_support__agent') }} as agents
        on agents.source = ordered.source and agents.agent_ref = ordered.author_ref
    left join {{ ref('stg_identities') }} as people
        on people.source = ordered.source and people.identity_ref = ordered.author_ref

)

select
    source, ticket_id, message_id, message_number, author_ref, created_at,
    {{ greatest_of('created_at', 'ticket_created_at') }} as counted_at,
    is_public and is_agent and not is_opening and not is_wordless as is_reply,
    is_public and coalesce(is_asking, false) and not is_wordless as is_question,
    coalesce(channel, '') = 'chat' as is_chat,
    is_public and is_unknown_author as is_unknown_author,
    created_at < ticket_created_at as is_clock_fault
from known
