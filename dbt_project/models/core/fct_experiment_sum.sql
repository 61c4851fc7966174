{%- set bases = [
    ['main', 'not is_uncapped'],
    ['uncapped', 'is_uncapped'],
    ['without_crossovers', "not is_uncapped and role = 'primary' and not is_crossover"],
    ['early', "not is_uncapped and role = 'primary' and is_early"],
    ['late', "not is_uncapped and role = 'primary' and not is_early"],
] -%}
with

cells as (

    {% for basis, condition in bases -%}
    select *, '{{ basis }}' as basis from {{ ref('fct_experiment_cell') }} where {{ condition }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    experiment_id, look_no, metric_id, basis, arm_no, bucket, cast(sum(unit_count) as bigint) as unit_count,
    cast(sum(nonzero_count) as bigint) as nonzero_count
    {%- for variable in metric_variables() %}, max(shift_{{ variable }}) as shift_{{ variable }}{% endfor %}
    {%- for column in sum_columns() %}, sum({{ column }}) as {{ column }}{% endfor %},
    max(largest_yy) as largest_yy
from cells
group by experiment_id, look_no, metric_id, basis, arm_no, bucket
