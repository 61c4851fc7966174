{%- set verdicts = ['achieved', 'breached', 'active', 'called off', 'hours not known'] -%}
with

weeks as (

    select
        week_on, max(data_through_at) as data_through_at, max(case when has_messages then 1 else 0 end) as has_messages,
        min(case when is_complete then 1 else 0 end) = 1 and max(day_on) = {{ add_days('week_on', 6) }} as is_over
    from {{ ref('dim_support_date') }}
    group by week_on

),

counts as (

    select
        policy_id, week_on
        {%- for verdict in verdicts %},
        sum(case when verdict = '{{ verdict }}' then 1 else 0 end) as {{ verdict | replace(' ', '_') }}_count
        {%- endfor %}
    from {{ ref('fct_ticket_target') }}
    group by policy_id, week_on

),

filled as (

    select
        policies.policy_id, policies.policy_name, policies.metric, policies.priority, policies.hours,
        policies.target_seconds, weeks.week_on, weeks.is_over, weeks.data_through_at
        {%- for verdict in verdicts %}{% set name = verdict | replace(' ', '_') ~ '_count' %},
        -- Without messages nobody knows of replies.
        case when policies.metric = 'resolution' or weeks.has_messages = 1
            then cast(coalesce(counts.{{ name }}, 0) as bigint) end as {{ name }}
        {%- endfor %}
    from {{ ref('dim_sla_policy') }} as policies
    inner join weeks
        on (policies.starts_on is null or {{ add_days('weeks.week_on', 6) }} >= policies.starts_on)
        and (policies.ends_on is null or weeks.week_on < policies.ends_on)
    left join counts on counts.policy_id = policies.policy_id and counts.week_on = weeks.week_on

)

select
    policy_id, week_on, policy_name, metric, priority, hours, target_seconds,
    achieved_count + breached_count + active_count as applied_count,
    achieved_count, breached_count, active_count, called_off_count, hours_not_known_count,
    achieved_count as sla_num, achieved_count + breached_count as sla_den,
    {{ rate('achieved_count', '(achieved_count + breached_count)') }} as sla_rate,
    {{ wilson_bound('achieved_count', '(achieved_count + breached_count)', '-') }} as sla_interval_low,
    {{ wilson_bound('achieved_count', '(achieved_count + breached_count)', '+') }} as sla_interval_high,
    is_over and coalesce(active_count, 0) = 0 as is_complete, data_through_at, 1 as definition_version
from filled
