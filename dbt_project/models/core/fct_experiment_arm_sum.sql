select
    experiment_id, look_no, metric_id, basis, arm_no,
    cast(sum(unit_count) as bigint) as unit_count, cast(sum(nonzero_count) as bigint) as nonzero_count
    {%- for variable in metric_variables() %}, max(shift_{{ variable }}) as shift_{{ variable }}{% endfor %}
    {%- for column in sum_columns() %}, sum({{ column }}) as {{ column }}{% endfor %},
    max(largest_yy) as largest_yy
from {{ ref('fct_experiment_sum') }}
group by experiment_id, look_no, metric_id, basis, arm_no
