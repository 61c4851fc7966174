with

ratings as (

    select
        source, ticket_id, occurred_at, lower(value) as rating,
        row_number() over (
            partition by source, ticket_id, case when lower(value) = 'offered' then 0 else 1 end
            order by occurred_at desc, length(ticket_event_id) desc, ticket_event_id desc
        ) as recency
    from {{ ref('stg_ticket_events') }}
    where field = 'satisfaction_score' and lower(value) in ('offered', 'good', 'bad', 'goodwithcomment', 'badwithcomment')

),

histories as (

    select
        source, ticket_id,
        min(occurred_at) as offered_at,
        max(case when recency = 1 and rating like 'good%' then 'good' when recency = 1 and rating like 'bad%' then 'bad' end)
            as rating,
        max(case when rating <> 'offered' then occurred_at end) as rated_at
    from ratings
    group by source, ticket_id

),

-- The ticket's own last word counts; when it was said is in the history, or about when the ticket last changed.
settled as (

    select
        tickets.source, tickets.ticket_id, tickets.created_at, tickets.updated_at, tickets.version_at,
        histories.offered_at, histories.rated_at,
        case
            when histories.rated_at > tickets.version_at then histories.rating
            when tickets.satisfaction in ('good', 'bad') then tickets.satisfaction
            when tickets.satisfaction is null then histories.rating
        end as csat,
        tickets.satisfaction in ('offered', 'good', 'bad') or histories.offered_at is not null as is_offered
    from {{ ref('stg_tickets') }} as tickets
    left join histories
        on histories.source = tickets.source and histories.ticket_id = tickets.ticket_id

)

select
    source, ticket_id, csat,
    case when csat is not null
        then {{ greatest_of('coalesce(rated_at, ' ~ (least_of('updated_at', 'version_at') | trim) ~ ')', 'created_at') }}
    end as csat_rated_at,
    {{ greatest_of('coalesce(offered_at, ' ~ (least_of('updated_at', 'version_at') | trim) ~ ')', 'created_at') }}
        as csat_offered_at
from settled
where is_offered or csat is not null
