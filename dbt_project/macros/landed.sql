{#
    A contract of many small files is read once: the warehouse keeps a copy of its rows (schema
    `landed`), to which each build adds what came, and from which it takes what counts no more.
    The lake stays the truth: a full refresh starts the copies over. Only `lake` reads them.
#}

{# Contracts that are read otherwise: by days, or also of deliveries that count no more. #}
{% macro never_copied() -%}
    {{ return(['usage_events', 'exclusions', 'experiments']) }}
{%- endmacro %}

{# What stands behind `from`: the copy if there is one, else the files. #}
{% macro landed_rows(contract, days) -%}
    {%- set copy = adapter.get_relation(target.database, 'landed', contract) if execute -%}
    {%- if copy -%}
        {{ copy }}
    {%- elif days -%}
        {{ parquet_rows(contract, files_of_days(contract, days)) }}
    {%- else -%}
        {{ parquet_rows(contract, ['bronze/' ~ contract ~ '/**/*.parquet']) }}
    {%- endif -%}
{%- endmacro %}

{# Files of the lake as a table; each contract has one without rows, which tells the columns. #}
{% macro parquet_rows(contract, files) -%}
    read_parquet(
        [
            {%- for file in ['bronze/' ~ contract ~ '/_schema.parquet'] + files -%}
            {{ text_literal(setting('lake_path') ~ '/' ~ file) }}{{ ', ' if not loop.last }}
            {%- endfor -%}
        ],
        hive_partitioning = false, union_by_name = false
    )
{%- endmacro %}

{# Files of deliveries that count and hold rows of any of these days. #}
{% macro files_of_days(contract, days) -%}
    {%- set found = run_query(
        "select distinct output from " ~ lake('batches') ~ " as batches inner join ("
        ~ literal_days(days, 'day_on') ~ ") as wanted on wanted.day_on between batches.first_on and batches.last_on"
        ~ " where contract = '" ~ contract ~ "' and batch_id in (" ~ counted_batches() ~ ") and output is not null"
        ~ " order by 1"
    ) -%}
    {{ return(found.columns[0].values() | list) }}
{%- endmacro %}

{# Brings all copies up to date, before any model is made: on-run-start of dbt_project.yml. #}
{% macro keep_landed() -%}
    {%- if execute and flags.WHICH in ('run', 'build') -%}
        {{ adapter.dispatch('keep_landed', 'productops')() }}
    {%- endif -%}
{%- endmacro %}

{% macro default__keep_landed() -%}{%- endmacro %}

{% macro duckdb__keep_landed() -%}
    {%- set held = [] -%}
    {%- if flags.FULL_REFRESH -%}
    drop schema if exists landed cascade;
    {%- else -%}
    {%- set held = run_query(
        "select table_name from information_schema.tables where table_schema = 'landed' order by 1"
    ).columns[0].values() -%}
    {%- endif %}
    create schema if not exists landed;
    {%- for contract, new_files, gone_count in run_query(landed_changes(held)).rows %}
    {%- set files = (new_files or '').split('|') | select | list %}
    {%- if contract not in held %}
    create table landed.{{ contract }} as from {{ parquet_rows(contract, files) }};
    {%- else %}
    {%- if gone_count %}
    delete from landed.{{ contract }} where batch_id not in ({{ counted_batches() }});
    {%- endif %}
    {%- if files %}
    insert into landed.{{ contract }} by name from {{ parquet_rows(contract, files) }};
    {%- endif %}
    {%- endif %}
    {%- endfor %}
{%- endmacro %}

{# For each contract that has a copy or is to have one: files that are not in it, deliveries that count no more. #}
{% macro landed_changes(held) -%}
    with
    counted as (
        select contract, batch_id, output from {{ lake('batches') }}
        where batch_id in ({{ counted_batches() }}) and output is not null and rows_loaded > 0
            and contract not in ('{{ never_copied() | join("', '") }}')
    ),
    copied as (
        {%- for contract in held %}
        select distinct '{{ contract }}' as contract, batch_id from landed.{{ contract }} union all
        {%- endfor %}
        select null as contract, null as batch_id where false
    )
    select
        coalesce(counted.contract, copied.contract) as contract,
        string_agg(case when copied.batch_id is null then counted.output end, '|' order by counted.output) as new_files,
        count(*) filter (where counted.batch_id is null) as gone_count
    from counted
    full outer join copied on copied.contract = counted.contract and copied.batch_id = counted.batch_id
    group by 1
    having count(copied.batch_id) > 0 or count(counted.batch_id) >= {{ setting('copied_from_files') }}
    order by 1
{%- endmacro %}
