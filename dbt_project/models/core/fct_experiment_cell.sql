{%- set unit_columns = ['arm_no', 'bucket', 'is_crossover', 'is_early'] -%}
{%- set with_features = has_feature_metrics(ref('bridge_experiment_metric')) -%}
with

-- The primary metric is also taken without its caps.
metrics as (

    {% for is_uncapped in [false, true] -%}
    select
        experiment_id, look_no, metric_id, role, is_of_feature, window_no, look_on, {{ is_uncapped }} as is_uncapped
        {%- for variable in metric_variables() %}, shift_{{ variable }}, idle_{{ variable }}
        {%- for side in ['low', 'high'] %}{% set bound = variable ~ '_' ~ side %},
        {{ 'cast(null as double) as ' if is_uncapped }}{{ bound }}{% endfor %}
        {%- endfor %}
    from {{ ref('fct_experiment_shift') }}
    {{ "where role = 'primary' and y_high is not null" if is_uncapped else 'union all' }}
    {% endfor %}

),

assigned as (

    select
        looked_at.window_no, looked_at.look_no, cells.arm_no, cells.bucket, cells.is_crossover,
        cells.first_exposed_on < windows.late_from_on as is_early, cast(sum(cells.unit_count) as bigint) as unit_count
    from (
        select distinct window_no, look_no, last_exposed_on from {{ ref('fct_experiment_shift') }} where not is_of_feature
    ) as looked_at
    inner join {{ ref('dim_metric_window') }} as windows on windows.window_no = looked_at.window_no
    inner join {{ ref('fct_assignment_cell') }} as cells
        on cells.experiment_id = windows.experiment_id and cells.first_exposed_on <= looked_at.last_exposed_on
    group by
        looked_at.window_no, looked_at.look_no, cells.arm_no, cells.bucket, cells.is_crossover,
        cells.first_exposed_on < windows.late_from_on

),

-- A unit that did nothing is not looked for: it counts by arithmetic.
idle as (

    select
        metrics.experiment_id, metrics.look_no, metrics.metric_id, metrics.role, metrics.is_uncapped
        {%- for column in unit_columns %}, assigned.{{ column }}{% endfor %},
        assigned.unit_count, assigned.unit_count - coalesce(active.unit_count, 0) as idle_count,
        {{ within('metrics.idle_y', 'metrics.y_low', 'metrics.y_high') }} <> 0 as is_nonzero,
        active.nonzero_count, active.largest_yy
        {%- for variable in metric_variables() %},
        metrics.shift_{{ variable }},
        {{ within('metrics.idle_' ~ variable, 'metrics.' ~ variable ~ '_low', 'metrics.' ~ variable ~ '_high') }} - metrics.shift_{{ variable }} as {{ variable }}
        {%- endfor %}
        {%- for column in sum_columns() %}, active.{{ column }}{% endfor %}
    from metrics
    inner join assigned on assigned.window_no = metrics.window_no and assigned.look_no = metrics.look_no
    left join {{ ref('fct_active_sum') }} as active
        on active.experiment_id = metrics.experiment_id and active.look_no = metrics.look_no
        and active.metric_id = metrics.metric_id and active.is_uncapped = metrics.is_uncapped
        and active.arm_no = assigned.arm_no and active.bucket = assigned.bucket
        and active.is_crossover = assigned.is_crossover
        and coalesce(active.is_early, false) = coalesce(assigned.is_early, false)
    where not metrics.is_of_feature

){% if with_features %},

by_feature as (

    select
        metrics.experiment_id, metrics.look_no, metrics.metric_id, metrics.role, metrics.is_uncapped
        {%- for column in unit_columns %}, unit_values.{{ column }}{% endfor %},
        {{ within('unit_values.y', 'metrics.y_low', 'metrics.y_high') }} <> 0 as is_nonzero
        {%- for variable in metric_variables() %},
        metrics.shift_{{ variable }},
        {{ within('unit_values.' ~ variable, 'metrics.' ~ variable ~ '_low', 'metrics.' ~ variable ~ '_high') }} - metrics.shift_{{ variable }} as {{ variable }}
        {%- endfor %}
    from {{ ref('fct_unit_value') }} as unit_values
    inner join metrics
        on metrics.experiment_id = unit_values.experiment_id and metrics.metric_id = unit_values.metric_id
        and metrics.look_on >= unit_values.mature_on
    where unit_values.is_of_feature

){% endif %}

select
    experiment_id, look_no, metric_id, role, is_uncapped, {{ unit_columns | join(', ') }}, unit_count,
    coalesce(nonzero_count, 0) + case when is_nonzero then idle_count else 0 end as nonzero_count
    {%- for variable in metric_variables() %}, shift_{{ variable }}{% endfor %},
    {{ greatest_of('coalesce(largest_yy, 0)', 'case when idle_count > 0 then y * y else 0 end') }} as largest_yy
    {%- for column in sum_columns() %},
    coalesce({{ column }}, 0) + idle_count * {{ factors_of(column) | join(' * ') }} as {{ column }}
    {%- endfor %}
from idle
{%- if with_features %}
union all
select
    experiment_id, look_no, metric_id, role, is_uncapped, {{ unit_columns | join(', ') }}, count(*),
    cast(sum(case when is_nonzero then 1 else 0 end) as bigint)
    {%- for variable in metric_variables() %}, max(shift_{{ variable }}){% endfor %}, max(y * y)
    {%- for column in sum_columns() %}, sum({{ factors_of(column) | join(' * ') }}){% endfor %}
from by_feature
group by experiment_id, look_no, metric_id, role, is_uncapped, {{ unit_columns | join(', ') }}
{%- endif %}
