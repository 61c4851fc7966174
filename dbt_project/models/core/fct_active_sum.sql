{%- set shapes = metric_shapes(ref('bridge_experiment_metric')) -%}
{%- set unit_columns = 'window_no, look_no, arm_no, bucket, is_crossover, is_early' -%}
{%- set tables = [] -%}
with

metrics as (

    select shifts.*, used.kind, used.numerator, used.denominator, used.cap_quantile
    from {{ ref('fct_experiment_shift') }} as shifts
    inner join {{ ref('bridge_experiment_metric') }} as used
        on used.experiment_id = shifts.experiment_id and used.metric_id = shifts.metric_id

),

{% for batch in shapes | batch(10) -%}
{%- set batch_no = loop.index -%}
-- What is taken from values, and between which bounds they lie, side by side for all shapes.
targets_{{ batch_no }} as (

    select
        window_no, look_no, max(last_exposed_on) as last_exposed_on
        {%- for shape in batch %}{% set no = loop.index %}{% for variable in variables_of(shape) %}
        {%- for column in ['shift_' ~ variable] + ([variable ~ '_low', variable ~ '_high'] if shape.cap_quantile is not none else []) %},
        max(case when {{ has_shape('metrics', shape) }} then {{ column }} end) as {{ column }}_{{ no }}
        {%- endfor %}{% endfor %}{% endfor %}
    from metrics
    group by window_no, look_no

),

values_{{ batch_no }} as (

    select
        totals.window_no, targets.look_no, totals.arm_no, totals.bucket, totals.is_crossover, totals.is_early
        {%- for shape in batch %}{% set no = loop.index %}
        {%- for is_uncapped in bases_of(shape) %}{% for variable in variables_of(shape) %}
        {%- set raw = unit_variable(shape, variable) -%}
        {%- set bounds = 'targets.' ~ variable ~ '_low_' ~ no, 'targets.' ~ variable ~ '_high_' ~ no -%}
        {%- set value = raw if shape.cap_quantile is none or is_uncapped else within(raw, bounds[0], bounds[1]) %},
        {{ value }} - targets.shift_{{ variable }}_{{ no }} as {{ variable }}_{{ no }}{{ 'u' if is_uncapped }}
        {%- if variable == 'y' %},
        case when {{ value }} <> 0 then cast(1 as double) else cast(0 as double) end as nonzero_{{ no }}{{ 'u' if is_uncapped }}
        {%- endif %}
        {%- endfor %}{% endfor %}{% endfor %}
    from {{ ref('fct_unit_total') }} as totals
    inner join targets_{{ batch_no }} as targets
        on targets.window_no = totals.window_no and totals.first_exposed_on <= targets.last_exposed_on

),

sums_{{ batch_no }} as (

    select
        {{ unit_columns }}, count(*) as unit_count
        {%- for shape in batch %}{% set no = loop.index %}
        {%- for is_uncapped in bases_of(shape) %}{% set suffix = '_' ~ no ~ ('u' if is_uncapped else '') %},
        sum(nonzero{{ suffix }}) as nonzero{{ suffix }}, max(y{{ suffix }} * y{{ suffix }}) as largest{{ suffix }}
        {%- for column in sum_columns() if is_varying(shape, column) %},
        sum({% for factor in factors_of(column) %}{{ factor }}{{ suffix }}{{ ' * ' if not loop.last }}{% endfor %}) as {{ column }}{{ suffix }}
        {%- endfor %}
        {%- endfor %}{% endfor %}
    from values_{{ batch_no }}
    group by {{ unit_columns }}

),
{% endfor -%}
{#- Back to one row per metric. #}
listed as (

    {% for batch in shapes | batch(10) -%}
    {%- set batch_no = loop.index -%}{%- set is_last = loop.last -%}
    {%- for shape in batch %}{% set no = loop.index %}{% set is_last_shape = is_last and loop.last %}
    {%- for is_uncapped in bases_of(shape) %}{% set suffix = '_' ~ no ~ ('u' if is_uncapped else '') %}
    select
        metrics.experiment_id, metrics.look_no, metrics.metric_id, {{ 'true' if is_uncapped else 'false' }} as is_uncapped,
        sums.arm_no, sums.bucket, sums.is_crossover, sums.is_early, sums.unit_count,
        cast(sums.nonzero{{ suffix }} as bigint) as nonzero_count, sums.largest{{ suffix }} as largest_yy
        {%- for column in sum_columns() %},
        {{ 'sums.' ~ column ~ suffix if is_varying(shape, column) else 'cast(0 as double)' }} as {{ column }}
        {%- endfor %}
    from sums_{{ batch_no }} as sums
    inner join metrics on metrics.window_no = sums.window_no and metrics.look_no = sums.look_no
    where {{ has_shape('metrics', shape) }}{{ " and metrics.role = 'primary'" if is_uncapped }}
    {{ 'union all' if not (is_last_shape and loop.last) }}
    {%- endfor %}{% endfor %}{% endfor %}

)

select * from listed
