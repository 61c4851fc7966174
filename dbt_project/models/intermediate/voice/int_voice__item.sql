{{ config(materialized='view') }}
with

-- The customer's own first words; where the ticket does not say who asks, the first words at all.
messages as (

    select
        messages.source, messages.ticket_id, messages.body,
        row_number() over (
            partition by messages.source, messages.ticket_id order by messages.created_at, messages.message_id
        ) as message_rank
    from {{ ref('stg_ticket_messages') }} as messages
    inner join {{ ref('stg_tickets') }} as tickets
        on tickets.source = messages.source and tickets.ticket_id = messages.ticket_id
    where
        messages.is_public
        and messages.body is not null
        and coalesce(messages.channel, '') <> 'rule'
        and (
            messages.author_ref is null
            or tickets.requester_ref is null
            or messages.author_ref in (tickets.requester_ref, tickets.submitter_ref)
        )

),

tickets as (

    select
        'ticket' as item_type, tickets.source, tickets.ticket_id as item_ref, tickets.created_at as occurred_at,
        cast(null as date) as stated_on, tickets.requester_ref as person_ref,
        cast(null as {{ dbt.type_string() }}) as user_id, cast(null as {{ dbt.type_string() }}) as email_key,
        tickets.account_ref,
        coalesce(tickets.subject || chr(10) || messages.body, messages.body, tickets.subject) as item_text,
        case
            when tickets.status = 'deleted' then 'deleted'
            when tickets.merged_into_id is not null then 'merged'
        end as void_reason
    from {{ ref('stg_tickets') }} as tickets
    left join messages
        on messages.source = tickets.source and messages.ticket_id = tickets.ticket_id and messages.message_rank = 1

),

notes as (

    select
        notes.note_type, notes.source, notes.note_id, notes.occurred_at, null, null, null, sessions.email_key,
        coalesce(notes.account_ref, deals.account_ref, sessions.account_ref), notes.body, null
    from {{ ref('stg_feedback_notes') }} as notes
    -- Who was interviewed stands with the session that the note is of.
    left join {{ ref('stg_research_sessions') }} as sessions
        on sessions.source = notes.source and sessions.session_id = notes.note_id
    left join {{ ref('stg_opportunities') }} as deals
        on deals.source = notes.source and deals.opportunity_id = notes.opportunity_id

),

answers as (

    select
        'survey_answer', source, survey_id || ':' || response_id || ':' || question_id, submitted_at, null, null,
        user_id, email_key, null, answer_text, case when is_test then 'test' end
    from {{ ref('stg_survey_responses') }}
    where answer_number is null

),

-- When a deal was lost: its first version since which it is lost.
last_alive as (

    select source, opportunity_id, max(updated_at) as alive_at
    from {{ ref('stg_opportunity_versions') }}
    where not is_closed or is_won
    group by source, opportunity_id

),

losses as (

    select versions.source, versions.opportunity_id, min(versions.updated_at) as lost_at
    from {{ ref('stg_opportunity_versions') }} as versions
    left join last_alive
        on last_alive.source = versions.source and last_alive.opportunity_id = versions.opportunity_id
    where last_alive.alive_at is null or versions.updated_at > last_alive.alive_at
    group by versions.source, versions.opportunity_id

),

lost as (

    select
        'loss_reason', deals.source, deals.opportunity_id, losses.lost_at,
        {{ least_of('cast(losses.lost_at as date)', 'deals.closes_on') }}, null, null, null, deals.account_ref,
        deals.loss_reason, case when deals.is_deleted then 'deleted' end
    from {{ ref('stg_opportunities') }} as deals
    inner join losses on losses.source = deals.source and losses.opportunity_id = deals.opportunity_id
    where deals.is_closed and not coalesce(deals.is_won, false)

)

select item_type || ':' || source || ':' || item_ref as item_id, *
from (
    select * from tickets union all select * from notes union all select * from answers union all select * from lost
) as items
where trim(item_text) <> ''
