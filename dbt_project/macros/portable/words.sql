{# Looking for words in free text. Borders are Unicode letters, digits and the underscore. #}

{#
    Regular expression that finds `stem` at word borders, whatever its case and whatever white
    space stands between its words; with `is_open` true the last word may go on. Group 1 is all
    that stands before the first hit, group 2 the hit itself.
#}
{% macro word_pattern(stem, is_open) -%}
    {{ adapter.dispatch('word_pattern', 'productops')(stem, is_open) }}
{%- endmacro %}

{% macro default__word_pattern(stem, is_open) -%}
    '(?isu)^((?:.*?[^\\p{L}\\p{N}_])??)(\\Q' || replace({{ stem }}, ' ', '\\E\\s+\\Q') || '\\E'
    || case when {{ is_open }} then '[\\p{L}\\p{N}_]*' else '' end || ')(?:[^\\p{L}\\p{N}_]|$)'
{%- endmacro %}

{% macro duckdb__word_pattern(stem, is_open) -%}
    '(?is)^((?:.*?[^\p{L}\p{N}_])??)(\Q' || replace({{ stem }}, ' ', '\E\s+\Q') || '\E'
    || case when {{ is_open }} then '[\p{L}\p{N}_]*' else '' end || ')(?:[^\p{L}\p{N}_]|$)'
{%- endmacro %}

{# One group of the first match of a pattern that stands in a column; empty where none. #}
{% macro match_group(column, pattern, number) -%}
    regexp_extract({{ column }}, {{ pattern }}, {{ number }})
{%- endmacro %}

{# All runs of white space as one blank, without any at the ends. #}
{% macro single_spaced(column) -%}
    {{ adapter.dispatch('single_spaced', 'productops')(column) }}
{%- endmacro %}

{% macro default__single_spaced(column) -%}
    trim(regexp_replace({{ column }}, '\\s+', ' '))
{%- endmacro %}

{% macro duckdb__single_spaced(column) -%}
    trim(regexp_replace({{ column }}, '\s+', ' ', 'g'))
{%- endmacro %}

{# A name without case, blanks and punctuation, so that "Figma, Inc." is "figma inc". #}
{% macro name_key(column) -%}
    {{ adapter.dispatch('name_key', 'productops')(column) }}
{%- endmacro %}

{% macro default__name_key(column) -%}
    nullif(regexp_replace(lower({{ column }}), '[^\\p{L}\\p{N}]+', ''), '')
{%- endmacro %}

{% macro duckdb__name_key(column) -%}
    nullif(regexp_replace(lower({{ column }}), '[^\p{L}\p{N}]+', '', 'g'), '')
{%- endmacro %}

{# Money in words: minor units with the digits that the currency has, and its code. #}
{% macro money_words(minor, currency) -%}
    case {{ currency_digits(currency) }}
        when 0 then cast({{ minor }} as {{ dbt.type_string() }})
        when 3 then cast(cast({{ minor }} / 1000.0 as decimal(18, 3)) as {{ dbt.type_string() }})
        else cast(cast({{ minor }} / 100.0 as decimal(18, 2)) as {{ dbt.type_string() }})
    end || ' ' || {{ currency }}
{%- endmacro %}
