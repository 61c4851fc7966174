with

changed as (

    select metric, day_on, segment, first_loaded_through_at as then_at, metric_value - first_value as difference
    from {{ ref('fct_restated_day') }}
    where metric in ('created_count', 'backlog_count') and metric_value <> first_value

),

-- No figure was told sooner than this after its day began, so what came sooner came in time.
soonest as (

    select min({{ seconds_between('cast(day_on as timestamp)', 'then_at') }}) as wait_seconds from changed

),

-- A list that lacks a ticket deletes it, and says so on no row of the ticket itself.
lists as (

    select batches.source, max(batches.loaded_at) as loaded_at
    from {{ ref('stg_batches') }} as batches
    where batches.contract = 'listed_rows' and batches.status = 'loaded' and not batches.is_withdrawn
    group by batches.source

),

touches as (

    select source, ticket_id, max(loaded_at) as loaded_at
    from (
        select source, ticket_id, loaded_at from {{ ref('stg_tickets') }}
        union all
        select source, ticket_id, loaded_at from {{ ref('stg_ticket_events') }}
        union all
        select tickets.source, tickets.ticket_id, lists.loaded_at
        from {{ ref('fct_ticket') }} as tickets
        inner join lists on lists.source = tickets.source
        where tickets.status = 'deleted'
    ) as rows_of_tickets
    group by source, ticket_id

),

barred as (

    select tickets.source, tickets.ticket_id, min(rules.known_at) as since_at
    from {{ ref('fct_ticket') }} as tickets
    inner join {{ ref('dim_exclusion') }} as rules
        on rules.reason = tickets.exclusion_reason
        and rules.subject_id = case rules.subject_type when 'person' then tickets.person_id else tickets.account_id end
        and (rules.valid_from_on is null or tickets.asked_on >= rules.valid_from_on)
        and (rules.valid_to_on is null or tickets.asked_on < rules.valid_to_on)
    group by tickets.source, tickets.ticket_id

),

-- Tickets with their last row and the first rule that took them out; most have changed in nothing.
tickets as (

    select tickets.source, tickets.ticket_id, tickets.created_on, touches.loaded_at, barred.since_at
    from {{ ref('fct_ticket') }} as tickets
    inner join touches on touches.source = tickets.source and touches.ticket_id = tickets.ticket_id
    left join barred on barred.source = tickets.source and barred.ticket_id = tickets.ticket_id
    inner join soonest
        on {{ seconds_between('cast(tickets.created_on as timestamp)', greatest_of('touches.loaded_at', 'barred.since_at')) }}
        > soonest.wait_seconds

),

-- In a backlog stand tickets of that day and of all days before.
touched as (

    select
        changed.metric, changed.day_on, changed.segment,
        sum(case when tickets.loaded_at > changed.then_at then 1 else 0 end) as late_ticket_count,
        sum(case
            when tickets.since_at is null or tickets.since_at <= changed.then_at or tickets.loaded_at > changed.then_at then 0
            when changed.metric = 'created_count' then 1
            when spells.ticket_id is not null then 1
            else 0
        end) as barred_ticket_count
    from changed
    inner join {{ ref('dim_support_date') }} as days on days.day_on = changed.day_on
    inner join tickets
        on (tickets.created_on = changed.day_on
            or (changed.metric = 'backlog_count' and tickets.created_on < changed.day_on))
        and (tickets.loaded_at > changed.then_at or tickets.since_at > changed.then_at)
    left join {{ ref('fct_ticket_status') }} as spells
        on spells.source = tickets.source and spells.ticket_id = tickets.ticket_id and spells.is_unsolved
        and spells.starts_at < days.ends_at and (spells.ends_at is null or spells.ends_at >= days.ends_at)
    group by changed.metric, changed.day_on, changed.segment

)

select
    changed.metric, changed.day_on, changed.segment,
    case when touched.late_ticket_count > 0 then changed.difference + cast(touched.barred_ticket_count as double)
        else cast(0 as double) end as late_difference,
    cast(0 as double) as identity_difference,
    cast(-coalesce(touched.barred_ticket_count, 0) as double) as exclusion_difference
from changed
left join touched
    on touched.metric = changed.metric and touched.day_on = changed.day_on and touched.segment = changed.segment
