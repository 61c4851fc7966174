{#
    The statement after which all that was built is in the warehouse's file. It is the last one of
    a run, so that a file that can't be written fails the run instead of staying as it was before.
#}
{% macro put_into_file() -%}
    {{ adapter.dispatch('put_into_file', 'productops')() }}
{%- endmacro %}

{# Engines with a server of their own see to it themselves. #}
{% macro default__put_into_file() -%}
{%- endmacro %}

{% macro duckdb__put_into_file() -%}
    checkpoint {{ adapter.quote(target.database) }}
{%- endmacro %}
