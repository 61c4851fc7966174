{#
    Sums of metrics whose variables are 0 or 1: units are counted, and the sums follow from the
    counts. They are counted once for all metrics that ask whether a measure is above 0.
#}

{# Whether a shape is a share of units. #}
{% macro is_share(shape) -%}
    {{ return(shape.kind == 'proportion') }}
{%- endmacro %}

{# Measures that shares are taken of. #}
{% macro shared_measures(shapes) -%}
    {%- set found = [] -%}
    {%- for shape in shapes if is_share(shape) and shape.numerator not in found %}{% do found.append(shape.numerator) %}{% endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# Columns of fct_unit_total of which is counted where they are above 0. None is ever below. #}
{% macro counted_columns(shapes) -%}
    {%- set found = [] -%}
    {%- for measure in shared_measures(shapes) %}{% do found.extend([measure ~ '_after', measure ~ '_before']) %}{% endfor -%}
    {%- for shape in shapes if not is_share(shape) -%}
        {%- set column = shape.numerator ~ '_after' -%}
        {%- if (shape.cap_quantile is none or true in bases_of(shape)) and column not in found %}{% do found.append(column) %}{% endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#
    A sum of a share: `yx` counts units of which both variables are 1, `y` and `x` those of which
    one is, `none` the others. y1 and y0, x1 and x0 are the two values less their shifts.
#}
{% macro sum_of_share(sum_column) -%}
    {%- for units, ones in [('yx', 'yx'), ('y', 'y'), ('x', 'x'), ('none', '')] -%}
    {{ units }}_count
    {%- for factor in factors_of(sum_column) %} * {{ factor }}{{ '1' if factor in ones else '0' }}{% endfor %}
    {{- ' + ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
