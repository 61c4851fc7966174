{# Texts of a group in the order of `position`, with ' > ' between. #}
{% macro path_text(column, position) -%}
    {{ adapter.dispatch('path_text', 'productops')(column, position) }}
{%- endmacro %}

{% macro default__path_text(column, position) -%}
    array_join(transform(sort_array(collect_list(struct({{ position }} as position, {{ column }} as step))), x -> x.step), ' > ')
{%- endmacro %}

{% macro duckdb__path_text(column, position) -%}
    string_agg({{ column }}, ' > ' order by {{ position }})
{%- endmacro %}
