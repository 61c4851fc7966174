{%- set known = [
    ['experiment_id', 'experiment_id'], ['team', 'team'], ['metric', 'metric_id'], ['state', 'state'],
    ['concluded_on', 'concluded_on'], ['last_exposure_on', 'last_exposure_on'], ['decided_on', 'decided_on'],
] -%}
{%- for name in ['effect', 'se', 'direction', 'p_adjusted', 'alpha', 'is_win', 'is_shipped', 'is_override', 'is_breached',
    'is_preregistered', 'is_stopped_early', 'srm_p', 'planned_power', 'power_at_mde', 'mde_relative', 'planned_days',
    'actual_days', 'coverage', 'check_hypothesis', 'check_guardrail', 'check_preregistered', 'check_split', 'check_data',
    'check_full_weeks', 'check_precision', 'check_multiplicity', 'check_decided_in_time', 'check_learning'] -%}
    {%- do known.append([name, name]) -%}
{%- endfor -%}
with

-- Ratios have no sum of their own by bucket: they are left out of the cross-validation.
buckets as (

    select
        ends.experiment_id, case when sums.arm_no = 0 then 0 else 1 end as arm, sums.bucket,
        cast(sums.unit_count as double) as n, sums.s_y as s, sums.q_yy as q, sums.shift_y as shift
    from {{ ref('fct_experiment_conclusion') }} as ends
    inner join {{ ref('fct_experiment_state') }} as states
        on states.experiment_id = ends.experiment_id and states.look_no = ends.look_no
    inner join {{ ref('bridge_experiment_metric') }} as used
        on used.experiment_id = ends.experiment_id and used.role = 'primary' and used.kind in ('mean', 'proportion')
    inner join {{ ref('fct_experiment_sum') }} as sums
        on sums.experiment_id = ends.experiment_id and sums.look_no = ends.look_no
        and sums.metric_id = used.metric_id and sums.basis = 'main'
        and sums.arm_no in (0, states.primary_arm_no)

),

listed_ends as (

    select {{ rows_listed(known) }} as listed from {{ ref('fct_experiment_conclusion') }}

),

listed_buckets as (

    select {{ rows_listed(pairs_of(['experiment_id', 'arm', 'bucket', 'n', 's', 'q', 'shift'])) }} as listed from buckets

)

select {{ experiment_portfolio('listed_ends.listed', 'listed_buckets.listed') }} as findings
from listed_ends
cross join listed_buckets
