{%- set shown = [
    'theta', 'difference', 'se', 'df', 't', 'p', 'p_adjusted', 'ci_low', 'ci_high', 'relative', 'relative_low',
    'relative_high', 'margin_p', 'beyond_margin_p', 'power_at_mde',
] -%}
select
    compared.experiment_id, compared.look_no, states.look_on, states.is_planned, states.is_latest, states.state,
    states.is_readable, compared.metric_id, compared.role, metrics.kind, compared.direction, arms.variation_id,
    controls.variation_id as control_variation_id, compared.estimator, compared.is_deciding,
    cast(compared.control_count as bigint) as control_count, cast(compared.treatment_count as bigint) as treatment_count,
    compared.control_mean, compared.treatment_mean, compared.control_variance, compared.treatment_variance
    {%- for name in shown %},
    case when states.is_readable then compared.{{ name }} end as {{ name }}
    {%- endfor %},
    compared.family, compared.nominal_alpha, compared.margin,
    case when states.is_readable then compared.is_significant end as is_significant,
    case when states.is_readable then compared.is_good end as is_good,
    case when states.is_readable then compared.is_beyond_margin end as is_beyond_margin,
    compared.reason, readings.kernel_version,
    coalesce(reach.is_complete, false) and states.is_planned as is_complete,
    reach.data_through_at,
    1 as definition_version
from {{ ref('fct_experiment_comparison') }} as compared
inner join {{ ref('fct_experiment_state') }} as states
    on states.experiment_id = compared.experiment_id and states.look_no = compared.look_no
inner join {{ ref('fct_experiment_reading') }} as readings on readings.experiment_id = compared.experiment_id
inner join {{ ref('dim_experiment_variation') }} as arms
    on arms.experiment_id = compared.experiment_id and arms.arm_no = compared.arm_no
inner join {{ ref('dim_experiment_variation') }} as controls
    on controls.experiment_id = compared.experiment_id and controls.arm_no = 0
inner join {{ ref('dim_metric') }} as metrics on metrics.metric_id = compared.metric_id
left join {{ ref('dim_activity_date') }} as reach on reach.day_on = states.look_on
