{%- set shapes = metric_shapes(ref('bridge_experiment_metric')) -%}
{%- set unit_columns = 'window_no, look_no, arm_no, bucket, is_crossover, is_early' -%}
{%- set batches = shapes | batch(10) | list -%}
with

metrics as (

    select shifts.*, used.kind, used.numerator, used.denominator, used.cap_quantile
    from {{ ref('fct_experiment_shift') }} as shifts
    inner join {{ ref('bridge_experiment_metric') }} as used
        on used.experiment_id = shifts.experiment_id and used.metric_id = shifts.metric_id

),

{% for batch in batches -%}
{%- set batch_no = loop.index -%}
-- What is taken from values, and between which bounds they lie, side by side for all shapes.
targets_{{ batch_no }} as (

    select
        window_no, look_no, max(last_exposed_on) as last_exposed_on
        {%- for shape in batch if not is_share(shape) %}{% set no = batch.index(shape) %}{% for variable in variables_of(shape) %}
        {%- for column in ['shift_' ~ variable] + ([variable ~ '_low', variable ~ '_high'] if shape.cap_quantile is not none else []) %},
        max(case when {{ has_shape('metrics', shape) }} then {{ column }} end) as {{ column }}_{{ no }}
        {%- endfor %}{% endfor %}{% endfor %}
    from metrics
    group by window_no, look_no

),

values_{{ batch_no }} as (

    select
        totals.window_no, targets.look_no, totals.arm_no, totals.bucket, totals.is_crossover, totals.is_early
        {%- for column in counted_columns(batch) %},
        {{ one_where('totals.' ~ column ~ ' > 0') }} as has_{{ column }}
        {%- endfor %}
        {%- for shape in batch if not is_share(shape) %}{% set no = batch.index(shape) %}
        {%- for is_uncapped in bases_of(shape) %}{% for variable in variables_of(shape) %}
        {%- set raw = unit_variable(shape, variable) -%}
        {%- set bounds = 'targets.' ~ variable ~ '_low_' ~ no, 'targets.' ~ variable ~ '_high_' ~ no -%}
        {%- set is_capped = shape.cap_quantile is not none and not is_uncapped -%}
        {%- set value = within(raw, bounds[0], bounds[1]) if is_capped else raw %},
        {{ value }} - targets.shift_{{ variable }}_{{ no }} as {{ variable }}_{{ no }}{{ 'u' if is_uncapped }}
        {%- if variable == 'y' and is_capped %},
        {{ one_where(value ~ ' <> 0') }} as nonzero_{{ no }}
        {%- endif %}
        {%- endfor %}{% endfor %}{% endfor %}
    from {{ ref('fct_unit_total') }} as totals
    inner join targets_{{ batch_no }} as targets on targets.window_no = totals.window_no
    -- Not `first <= last`: as a second condition of the join it would make looking up dearer.
    where {{ days_between('totals.first_exposed_on', 'targets.last_exposed_on') }} >= 0

),

sums_{{ batch_no }} as (

    select
        {{ unit_columns }}, count(*) as unit_count
        {%- for column in counted_columns(batch) %}, sum(has_{{ column }}) as has_{{ column }}{% endfor %}
        {%- for measure in shared_measures(batch) %}, sum(has_{{ measure }}_after * has_{{ measure }}_before) as has_{{ measure }}_both{% endfor %}
        {%- for shape in batch if not is_share(shape) %}{% set no = batch.index(shape) %}
        {%- for is_uncapped in bases_of(shape) %}{% set suffix = '_' ~ no ~ ('u' if is_uncapped else '') %},
        {% if shape.cap_quantile is not none and not is_uncapped %}sum(nonzero{{ suffix }}) as nonzero{{ suffix }}, {% endif -%}
        max(y{{ suffix }} * y{{ suffix }}) as largest{{ suffix }}
        {%- for column in sum_columns() if is_varying(shape, column) %},
        sum({% for factor in factors_of(column) %}{{ factor }}{{ suffix }}{{ ' * ' if not loop.last }}{% endfor %}) as {{ column }}{{ suffix }}
        {%- endfor %}{% endfor %}{% endfor %}
    from values_{{ batch_no }}
    group by {{ unit_columns }}

),
{% endfor -%}
{#- Back to one row per metric. #}
listed as (

    {% for batch in batches -%}
    {%- set batch_no = loop.index -%}{%- set is_last = loop.last -%}
    {%- for shape in batch %}{% set no = loop.index0 %}{% set is_last_shape = is_last and loop.last %}
    {%- for is_uncapped in bases_of(shape) %}{% set suffix = '_' ~ no ~ ('u' if is_uncapped else '') %}
    select
        experiment_id, look_no, metric_id, {{ 'true' if is_uncapped else 'false' }} as is_uncapped,
        arm_no, bucket, is_crossover, is_early, unit_count,
        {%- if is_share(shape) %}
        cast(yx_count + y_count as bigint) as nonzero_count,
        {{ greatest_of('case when yx_count + y_count > 0 then y1 * y1 else 0 end', 'case when x_count + none_count > 0 then y0 * y0 else 0 end') }} as largest_yy
        {%- else %}
        cast({{ 'nonzero' ~ suffix if shape.cap_quantile is not none and not is_uncapped else 'has_' ~ shape.numerator ~ '_after' }} as bigint) as nonzero_count,
        largest{{ suffix }} as largest_yy
        {%- endif %}
        {%- for column in sum_columns() %},
        {% if not is_varying(shape, column) %}cast(0 as double){% elif is_share(shape) %}{{ sum_of_share(column) }}{% else %}{{ column }}{{ suffix }}{% endif %} as {{ column }}
        {%- endfor %}
    from (
        select
            metrics.experiment_id, metrics.metric_id, sums.*
            {%- if is_share(shape) %}{% set has = 'sums.has_' ~ shape.numerator %},
            {{ has }}_both as yx_count, {{ has }}_after - {{ has }}_both as y_count, {{ has }}_before - {{ has }}_both as x_count,
            sums.unit_count - {{ has }}_after - {{ has }}_before + {{ has }}_both as none_count
            {%- for variable in ['y', 'x'] %}{% for value in [1, 0] %}, {{ value }} - metrics.shift_{{ variable }} as {{ variable }}{{ value }}{% endfor %}{% endfor %}
            {%- endif %}
        from sums_{{ batch_no }} as sums
        inner join metrics on metrics.window_no = sums.window_no and metrics.look_no = sums.look_no
        where {{ has_shape('metrics', shape) }}{{ " and metrics.role = 'primary'" if is_uncapped }}
    ) as known
    {{ 'union all' if not (is_last_shape and loop.last) }}
    {%- endfor %}{% endfor %}{% endfor %}

)

select * from listed
