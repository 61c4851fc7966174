{# Reading JSON text. Each engine spells it its own way. `field` is one plain name. #}

{% macro json_text(column, field) -%}
    {{ adapter.dispatch('json_text', 'productops')(column, field) }}
{%- endmacro %}

{% macro default__json_text(column, field) -%}
    get_json_object({{ column }}, '$.{{ field }}')
{%- endmacro %}

{% macro duckdb__json_text(column, field) -%}
    json_extract_string({{ column }}, '$."{{ field }}"')
{%- endmacro %}


{# True where the JSON array of texts in `column` holds `value`; NULL where there is no array. #}
{% macro json_array_has(column, value) -%}
    {{ adapter.dispatch('json_array_has', 'productops')(column, value) }}
{%- endmacro %}

{% macro default__json_array_has(column, value) -%}
    array_contains(from_json({{ column }}, 'array<string>'), {{ value }})
{%- endmacro %}

{% macro duckdb__json_array_has(column, value) -%}
    list_contains(from_json({{ column }}, '["VARCHAR"]'), {{ value }})
{%- endmacro %}


{#
    A complete select: `columns` of `relation` beside one row per text in the JSON array `column`.
    Rows without an array, or with an empty one, give no row.
#}
{% macro json_array_rows(relation, columns, column, alias='item') -%}
    {{ adapter.dispatch('json_array_rows', 'productops')(relation, columns, column, alias) }}
{%- endmacro %}

{% macro default__json_array_rows(relation, columns, column, alias) -%}
    select {{ columns | join(', ') ~ ', ' if columns }}explode(from_json({{ column }}, 'array<string>')) as {{ alias }}
    from {{ relation }}
{%- endmacro %}

{% macro duckdb__json_array_rows(relation, columns, column, alias) -%}
    select {{ columns | join(', ') ~ ', ' if columns }}unnest(from_json({{ column }}, '["VARCHAR"]')) as {{ alias }}
    from {{ relation }}
{%- endmacro %}


{# The same as json_text, of a field whose name stands in a column. #}
{% macro json_text_at(column, field) -%}
    {{ adapter.dispatch('json_text_at', 'productops')(column, field) }}
{%- endmacro %}

{% macro default__json_text_at(column, field) -%}
    get_json_object({{ column }}, '$.' || {{ field }})
{%- endmacro %}

{% macro duckdb__json_text_at(column, field) -%}
    json_extract_string({{ column }}, '$."' || {{ field }} || '"')
{%- endmacro %}


{# An array or object within JSON text, as JSON text. #}
{% macro json_value(column, field) -%}
    {{ adapter.dispatch('json_value', 'productops')(column, field) }}
{%- endmacro %}

{% macro default__json_value(column, field) -%}
    get_json_object({{ column }}, '$.{{ field }}')
{%- endmacro %}

{% macro duckdb__json_value(column, field) -%}
    cast(json_extract({{ column }}, '$."{{ field }}"') as varchar)
{%- endmacro %}

{#
    A complete select: `columns` of `relation` beside one row per entry of the array `field` within
    the JSON text in `column`, of those rows that meet `condition`.
#}
{% macro json_field_rows(relation, columns, column, field, alias, condition='1 = 1') -%}
    {{ json_array_rows(
        '(select ' ~ (columns + [json_value(column, field) ~ ' as listed']) | join(', ')
        ~ ' from ' ~ relation ~ ' where ' ~ condition ~ ') as held',
        columns, 'listed', alias
    ) }}
{%- endmacro %}
