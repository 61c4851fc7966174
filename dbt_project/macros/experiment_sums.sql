{#
    How the sums of experiments are written down. Metrics that are made of the same measures in the
    same way have one shape: all units are gone through once for many shapes, not once per metric.
#}

{# Whether a metric needs the days of one feature, which fct_unit_total does not have. #}
{% macro is_of_feature(metrics) -%}
    ({{ metrics }}.numerator like 'feature%:%' or coalesce({{ metrics }}.denominator, '') like 'feature%:%')
{%- endmacro %}

{#
    Shapes of the metrics that experiments have by now, all made of columns of fct_unit_total. One
    stands in where there are none.
#}
{% macro metric_shapes(metrics) -%}
    {%- set stand_in = [{'kind': 'mean', 'numerator': 'active_days', 'denominator': none, 'cap_quantile': none, 'is_primary': false}] -%}
    {%- if not execute -%}
        {{ return(stand_in) }}
    {%- endif -%}
    {%- set found = run_query(
        "select kind, numerator, denominator, cap_quantile, max(case when role = 'primary' then 1 else 0 end) from "
        ~ metrics ~ " as metrics where kind <> 'quantile' and not " ~ is_of_feature('metrics')
        ~ " group by kind, numerator, denominator, cap_quantile order by 1, 2, 3, 4"
    ) -%}
    {%- set shapes = [] -%}
    {%- for kind, numerator, denominator, cap_quantile, is_primary in found.rows -%}
        {%- do shapes.append({
            'kind': kind, 'numerator': numerator, 'denominator': denominator,
            'cap_quantile': cap_quantile, 'is_primary': is_primary == 1,
        }) -%}
    {%- endfor -%}
    {{ return(shapes or stand_in) }}
{%- endmacro %}

{# Whether a metric has the shape. #}
{% macro has_shape(metrics, shape) -%}
    {{ metrics }}.kind = '{{ shape.kind }}' and {{ metrics }}.numerator = '{{ shape.numerator }}'
    {%- if shape.kind == 'ratio' %} and {{ metrics }}.denominator = '{{ shape.denominator }}'{% endif %}
    {%- if shape.cap_quantile is none %} and {{ metrics }}.cap_quantile is null
    {%- else %} and {{ metrics }}.cap_quantile = {{ shape.cap_quantile }}{% endif %}
{%- endmacro %}

{# Variables that differ between units: the denominator of all but ratios is 1. #}
{% macro variables_of(shape) -%}
    {{ return(metric_variables() if shape.kind == 'ratio' else ['y', 'x']) }}
{%- endmacro %}

{# A variable of a unit, of the columns of fct_unit_total. #}
{% macro unit_variable(shape, variable) -%}
    {%- set measure = shape.numerator if variable in ['y', 'x'] else shape.denominator -%}
    totals.{{ measure }}{{ '_after' if variable in ['y', 'd'] else '_before' }}
{%- endmacro %}

{# A value within its bounds; without bounds, the value. #}
{% macro within(value, low, high) -%}
    case when {{ value }} > {{ high }} then {{ high }} when {{ value }} < {{ low }} then {{ low }} else {{ value }} end
{%- endmacro %}

{# The columns with sums of a metric. #}
{% macro sum_columns() -%}
    {%- set found = [] -%}
    {%- for variable in metric_variables() %}{% do found.append('s_' ~ variable) %}{% endfor -%}
    {%- for a, b in variable_pairs() %}{% do found.append('q_' ~ a ~ b) %}{% endfor -%}
    {{ return(found + ['c_yyy']) }}
{%- endmacro %}

{# What is multiplied in a column of sums: q_yx is a sum of y * x. #}
{% macro factors_of(sum_column) -%}
    {{ return(sum_column.split('_')[1] | list) }}
{%- endmacro %}

{# Whether a sum of a shape can be another than 0. #}
{% macro is_varying(shape, sum_column) -%}
    {%- for factor in factors_of(sum_column) if factor not in variables_of(shape) %}{{ return(false) }}{% endfor -%}
    {{ return(true) }}
{%- endmacro %}

{# Whether values of a shape are also summed without their caps. #}
{% macro bases_of(shape) -%}
    {{ return([false, true] if shape.cap_quantile is not none and shape.is_primary else [false]) }}
{%- endmacro %}

{# Whether any metric needs the days of a feature by now. #}
{% macro has_feature_metrics(metrics) -%}
    {%- if not execute -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set found = run_query("select count(*) from " ~ metrics ~ " as metrics where kind <> 'quantile' and " ~ is_of_feature('metrics')) -%}
    {{ return(found.rows[0][0] > 0) }}
{%- endmacro %}
