{# Finding phrases in text, whatever stands between their words. #}

{# Lower-case letters and digits of a text, all else one space, with a space at either end. #}
{% macro padded_words(text) -%}
    {{ adapter.dispatch('padded_words', 'productops')(text) }}
{%- endmacro %}

{% macro default__padded_words(text) -%}
    (' ' || trim(regexp_replace(lower({{ text }}), '[^\\p{L}\\p{N}]+', ' ')) || ' ')
{%- endmacro %}

{% macro duckdb__padded_words(text) -%}
    (' ' || trim(regexp_replace(lower({{ text }}), '[^\p{L}\p{N}]+', ' ', 'g')) || ' ')
{%- endmacro %}

{# What a term of the taxonomy looks like among padded words; NULL for a term without a word. #}
{% macro term_words(term) -%}
    case
        when trim({{ padded_words(term) }}) = '' then null
        when {{ term }} like '%*' then rtrim({{ padded_words(term) }})
        else {{ padded_words(term) }}
    end
{%- endmacro %}
