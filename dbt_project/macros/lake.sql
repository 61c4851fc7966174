{#
    What the lake looks like to SQL. Only staging models call these.
    Not here: what a vendor's format looks like (the contracts hide it).
#}

{# One contract's files, or one of the tables that describe deliveries, publications and incidents. #}
{% macro lake(table) -%}
    {% do source('lake', table) %}
    {{- adapter.dispatch('lake', 'productops')(table) -}}
{%- endmacro %}

{% macro default__lake(table) -%}
    {% set path = setting('lake_path') ~ '/build/' ~ table ~ '.parquet' if table in ['batches', 'contracts', 'published_values', 'incident_transitions']
        else setting('lake_path') ~ '/bronze/' ~ table %}
    parquet.`{{ path }}`
{%- endmacro %}

{% macro duckdb__lake(table) -%}
    {% if table in ['batches', 'contracts', 'published_values', 'incident_transitions'] -%}
        read_parquet('{{ setting("lake_path") | replace("'", "''") }}/build/{{ table }}.parquet')
    {%- else -%}
        read_parquet(
            '{{ setting("lake_path") | replace("'", "''") }}/bronze/{{ table }}/**/*.parquet',
            hive_partitioning = false, union_by_name = false
        )
    {%- endif %}
{%- endmacro %}

{# Ids of the deliveries that count: committed to the ledger and not taken back. #}
{% macro counted_batches() -%}
    select batch_id from {{ lake('batches') }} where status = 'loaded' and not is_withdrawn
{%- endmacro %}
