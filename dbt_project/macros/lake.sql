{#
    What the lake looks like to SQL. Only staging models call these.
    Not here: what a vendor's format looks like (the contracts hide it).
#}

{#
    One contract's rows, or one of the tables that describe deliveries, publications, checks and
    incidents. With `days` only files that hold rows of these days, as texts, need to be read.
#}
{% macro lake(table, days=none) -%}
    {% do source('lake', table) %}
    {{- adapter.dispatch('lake', 'productops')(table, days) -}}
{%- endmacro %}

{# Tables that a build writes for itself: what was delivered, published, checked, kept out. #}
{% macro build_tables() -%}
    {{ return([
        'batches', 'contracts', 'published_values', 'check_runs', 'kept_out_rows', 'incident_transitions',
    ]) }}
{%- endmacro %}

{% macro default__lake(table, days) -%}
    {% set path = setting('lake_path') ~ '/build/' ~ table ~ '.parquet' if table in build_tables()
        else setting('lake_path') ~ '/bronze/' ~ table %}
    parquet.`{{ path }}`
{%- endmacro %}

{% macro duckdb__lake(table, days) -%}
    {% set lake_path = setting('lake_path') | replace("'", "''") %}
    {% if table in build_tables() -%}
        read_parquet('{{ lake_path }}/build/{{ table }}.parquet')
    {%- elif table in setting('kept_out_contracts') -%}
        (
            select landed.*
            from {{ landed_rows(table, days) }} as landed
            where not exists (
                select 1
                from read_parquet('{{ lake_path }}/build/kept_out_rows.parquet') as kept
                where
                    kept.contract = '{{ table }}' and kept.batch_id = landed.batch_id
                    and kept.source_line = landed.source_line and kept.row_key = landed.row_key
            )
        )
    {%- else -%}
        {{ landed_rows(table, days) }}
    {%- endif %}
{%- endmacro %}

{# Ids of the deliveries that count: committed to the ledger and not taken back. #}
{% macro counted_batches() -%}
    select batch_id from {{ lake('batches') }} where status = 'loaded' and not is_withdrawn
{%- endmacro %}
