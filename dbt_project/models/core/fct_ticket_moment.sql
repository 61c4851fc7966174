{{ config(materialized='view') }}
{%- set zone = "'" ~ setting('org_time_zone') ~ "'" -%}
with

-- A help desk's days are those of its schedules, where these agree, else the company's.
zones as (

    select source, min(time_zone) as time_zone
    from {{ ref('int_support__open_hours') }}
    group by source
    having count(distinct time_zone) = 1

),

deleted as (

    select source, ticket_id, max(starts_at) as gone_at
    from {{ ref('int_support__status') }}
    where status = 'deleted'
    group by source, ticket_id

),

replies as (

    select source, ticket_id, ends_at, business_seconds / 60.0 as own_minutes, one_schedule_seconds / 60.0 as rule_minutes
    from {{ ref('int_support__clock') }}
    where clock = 'first_reply' and is_over

),

moments as (

    select source, ticket_id, 'created_tickets' as metric, cast(1 as bigint) as moment_number, created_at as moment_at,
        created_at as known_at, cast(1 as double) as own_value, cast(1 as double) as rule_value
    from {{ ref('stg_tickets') }}
    union all
    select source, ticket_id, case change_type when 'solved' then 'solved_tickets' else 'reopened_tickets' end,
        spell_number, starts_at, starts_at, 1, 1
    from {{ ref('int_support__status') }}
    where change_type in ('solved', 'reopened')
    union all
    select source, ticket_id, case csat when 'good' then 'good_ratings' else 'bad_ratings' end,
        1, csat_rated_at, csat_rated_at, 1, 1
    from {{ ref('int_support__rating') }}
    where csat is not null
    union all
    select tickets.source, tickets.ticket_id, 'first_replies', 1, tickets.created_at, replies.ends_at, 1, 1
    from {{ ref('stg_tickets') }} as tickets
    inner join replies on replies.source = tickets.source and replies.ticket_id = tickets.ticket_id
    union all
    select tickets.source, tickets.ticket_id, 'first_reply_business_minutes', 1, tickets.created_at, replies.ends_at,
        coalesce(replies.own_minutes, 0), coalesce(replies.rule_minutes, 0)
    from {{ ref('stg_tickets') }} as tickets
    inner join replies on replies.source = tickets.source and replies.ticket_id = tickets.ticket_id

)

select
    moments.source, moments.ticket_id, moments.metric, moments.moment_number, moments.moment_at, moments.known_at,
    {{ local_date('moments.moment_at', zone) }} as own_day_on,
    {{ local_date('moments.moment_at', 'coalesce(zones.time_zone, ' ~ zone ~ ')') }} as vendor_day_on,
    coalesce(zones.time_zone, {{ zone }}) as vendor_time_zone,
    cast(moments.own_value as double) as own_value,
    cast(moments.rule_value as double) as rule_value,
    cast(floor(moments.rule_value) as double) as told_value,
    case
        when people.is_countable then 'counted'
        when people.exclusion_reason in ('merged', 'deleted') then people.exclusion_reason
        else 'excluded'
    end as standing,
    case when people.exclusion_reason = 'deleted' then deleted.gone_at end as gone_at
from moments
inner join {{ ref('int_support__requester') }} as people
    on people.source = moments.source and people.ticket_id = moments.ticket_id
left join zones on zones.source = moments.source
left join deleted on deleted.source = moments.source and deleted.ticket_id = moments.ticket_id
where people.exclusion_reason is distinct from 'in the future'
