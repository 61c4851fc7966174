{{ config(materialized='view') }}
with

applied as (

    select
        policies.policy_id, clocks.source, clocks.ticket_id, clocks.span_number, clocks.started_on,
        clocks.priority, policies.target_seconds, clocks.is_over, clocks.is_running,
        case policies.hours when 'business' then clocks.business_seconds else clocks.calendar_seconds end
            as elapsed_seconds
    from {{ ref('fct_ticket_clock') }} as clocks
    inner join {{ ref('dim_sla_policy') }} as policies
        on policies.clock = clocks.clock
        -- The priority when the clock stops, not the one that the ticket ends up with.
        and (policies.priority is null or policies.priority = clocks.priority)
        and (policies.starts_on is null or clocks.started_on >= policies.starts_on)
        and (policies.ends_on is null or clocks.started_on < policies.ends_on)
    where clocks.is_countable

)

select
    policy_id, source, ticket_id, span_number, started_on,
    {{ week_of('started_on') }} as week_on,
    priority, target_seconds, elapsed_seconds,
    case
        when elapsed_seconds is null then 'hours not known'
        when elapsed_seconds > target_seconds then 'breached'
        when is_over then 'achieved'
        when is_running then 'active'
        else 'called off'
    end as verdict
from applied
