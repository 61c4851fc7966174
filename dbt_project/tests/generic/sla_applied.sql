{#
    Achieved, breached and active are all that a promise applies to: counted here from the clocks
    themselves, past the verdicts, so a wait that no verdict takes shows.
#}
{% test sla_applied(model) %}
select counted.policy_id, counted.week_on, counted.applied_count, weeks.applied_count as mart_count
from (
    select
        policies.policy_id, {{ week_of('clocks.started_on') }} as week_on,
        sum(case
            when policies.hours = 'business' and clocks.business_seconds is null then 0
            when clocks.is_over or clocks.is_running then 1
            when policies.hours = 'business' then case when clocks.business_seconds > policies.target_seconds then 1 else 0 end
            when clocks.calendar_seconds > policies.target_seconds then 1
            else 0
        end) as applied_count
    from {{ ref('dim_sla_policy') }} as policies
    inner join {{ ref('fct_ticket_clock') }} as clocks
        on clocks.clock = case policies.metric when 'resolution' then 'full_resolution' else policies.metric end
    where
        clocks.is_countable
        and coalesce(policies.priority, clocks.priority, '') = coalesce(clocks.priority, '')
        and clocks.started_on >= coalesce(policies.starts_on, clocks.started_on)
        and (policies.ends_on is null or policies.ends_on > clocks.started_on)
    group by policies.policy_id, {{ week_of('clocks.started_on') }}
) as counted
full outer join {{ model }} as weeks
    on weeks.policy_id = counted.policy_id and weeks.week_on = counted.week_on
where
    coalesce(counted.applied_count, 0) <> coalesce(weeks.applied_count, 0)
    or weeks.applied_count <> weeks.achieved_count + weeks.breached_count + weeks.active_count
{% endtest %}
