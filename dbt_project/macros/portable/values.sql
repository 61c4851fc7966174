{# Text and numbers whose spelling or whose treatment of NULL differs between engines. #}

{# The smaller of two values; NULL counts as absent. #}
{% macro least_of(a, b) -%}
    case when {{ b }} is null or {{ a }} <= {{ b }} then {{ a }} else {{ b }} end
{%- endmacro %}

{# The larger of two values; NULL counts as absent. #}
{% macro greatest_of(a, b) -%}
    case when {{ b }} is null or {{ a }} >= {{ b }} then {{ a }} else {{ b }} end
{%- endmacro %}

{# num / den as a double; NULL where there is nothing to divide by. #}
{% macro rate(num, den) -%}
    cast({{ num }} as double) / cast(nullif({{ den }}, 0) as double)
{%- endmacro %}

{# 1 or 0, as a double, for a condition that is never NULL. #}
{% macro one_where(condition) -%}
    {{ adapter.dispatch('one_where', 'productops')(condition) }}
{%- endmacro %}

{% macro default__one_where(condition) -%}
    case when {{ condition }} then cast(1 as double) else cast(0 as double) end
{%- endmacro %}

{# Half of what choosing a branch costs. #}
{% macro duckdb__one_where(condition) -%}
    cast({{ condition }} as double)
{%- endmacro %}

{# The value below which a share of the group lies, by linear interpolation. #}
{% macro percentile(column, share) -%}
    percentile_cont({{ share }}) within group (order by {{ column }})
{%- endmacro %}

{# First match of a regular expression; NULL where there is none. No backslashes in patterns. #}
{% macro first_match(column, pattern) -%}
    nullif(regexp_extract({{ column }}, '{{ pattern }}', 0), '')
{%- endmacro %}

{# A text of the data as a SQL literal; NULL stays NULL. #}
{% macro text_literal(value) -%}
    {{ adapter.dispatch('text_literal', 'productops')(value) }}
{%- endmacro %}

{% macro default__text_literal(value) -%}
    {{ "null" if value is none else "'" ~ (value | replace("\\", "\\\\") | replace("'", "\\'")) ~ "'" }}
{%- endmacro %}

{% macro duckdb__text_literal(value) -%}
    {{ "null" if value is none else "'" ~ (value | replace("'", "''")) ~ "'" }}
{%- endmacro %}

{# Distinct texts of a group, sorted, with commas between. #}
{% macro distinct_texts(column) -%}
    {{ adapter.dispatch('distinct_texts', 'productops')(column) }}
{%- endmacro %}

{% macro default__distinct_texts(column) -%}
    array_join(sort_array(collect_set({{ column }})), ', ')
{%- endmacro %}

{% macro duckdb__distinct_texts(column) -%}
    string_agg(distinct {{ column }}, ', ' order by {{ column }})
{%- endmacro %}

{# True for a lower-case client string that says itself that no person sits behind it. #}
{% macro is_bot_client(client) -%}
    ({% for words in ['bot/', 'bot;', 'bot)', 'crawler', 'spider', 'headlesschrome', '+http'] -%}
    {{ client }} like '%{{ words }}%'{{ ' or ' if not loop.last }}
    {%- endfor %})
{%- endmacro %}
