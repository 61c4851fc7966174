select
    sums.experiment_id, sums.look_no, looks.look_on, sums.metric_id, sums.basis, arms.variation_id, arms.is_control,
    sums.unit_count, sums.nonzero_count, caps.y_low as capped_low, caps.y_high as capped_high
    {%- for variable in metric_variables() %}, sums.shift_{{ variable }}, sums.s_{{ variable }}{% endfor %}
    {%- for a, b in variable_pairs() %}, sums.q_{{ a }}{{ b }}{% endfor %},
    coalesce(reach.is_complete, false) and looks.is_planned as is_complete,
    reach.data_through_at,
    1 as definition_version
from {{ ref('fct_experiment_arm_sum') }} as sums
inner join {{ ref('dim_experiment_look') }} as looks
    on looks.experiment_id = sums.experiment_id and looks.look_no = sums.look_no
inner join {{ ref('dim_experiment_variation') }} as arms
    on arms.experiment_id = sums.experiment_id and arms.arm_no = sums.arm_no
left join {{ ref('fct_experiment_cap') }} as caps
    on caps.experiment_id = sums.experiment_id and caps.look_no = sums.look_no and caps.metric_id = sums.metric_id
    and sums.basis <> 'uncapped'
left join {{ ref('dim_activity_date') }} as reach on reach.day_on = looks.look_on
