with

sums as (

    select
        experiment_id, look_no, metric_id, basis, arm_no,
        cast(sum(unit_count) as bigint) as unit_count, cast(sum(nonzero_count) as bigint) as nonzero_count
        {%- for variable in metric_variables() %}, max(shift_{{ variable }}) as shift_{{ variable }}, sum(s_{{ variable }}) as s_{{ variable }}{% endfor %}
        {%- for a, b in variable_pairs() %}, sum(q_{{ a }}{{ b }}) as q_{{ a }}{{ b }}{% endfor %}
    from {{ ref('fct_experiment_sum') }}
    group by experiment_id, look_no, metric_id, basis, arm_no

)

select
    sums.experiment_id, sums.look_no, looks.look_on, sums.metric_id, sums.basis, arms.variation_id, arms.is_control,
    sums.unit_count, sums.nonzero_count, caps.y_low as capped_low, caps.y_high as capped_high
    {%- for variable in metric_variables() %}, sums.shift_{{ variable }}, sums.s_{{ variable }}{% endfor %}
    {%- for a, b in variable_pairs() %}, sums.q_{{ a }}{{ b }}{% endfor %},
    coalesce(reach.is_complete, false) and looks.is_planned as is_complete,
    reach.data_through_at,
    1 as definition_version
from sums
inner join {{ ref('dim_experiment_look') }} as looks
    on looks.experiment_id = sums.experiment_id and looks.look_no = sums.look_no
inner join {{ ref('dim_experiment_variation') }} as arms
    on arms.experiment_id = sums.experiment_id and arms.arm_no = sums.arm_no
left join {{ ref('fct_experiment_cap') }} as caps
    on caps.experiment_id = sums.experiment_id and caps.look_no = sums.look_no and caps.metric_id = sums.metric_id
    and sums.basis <> 'uncapped'
left join {{ ref('dim_activity_date') }} as reach on reach.day_on = looks.look_on
