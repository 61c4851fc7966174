{#
    What the lake looks like to SQL. Only staging models call these.
    Not here: what a vendor's format looks like (the contracts hide it).
#}

{# One contract's files, or one of the two tables that describe deliveries. #}
{% macro lake(table) -%}
    {% do source('lake', table) %}
    {{- adapter.dispatch('lake', 'productops')(table) -}}
{%- endmacro %}

{% macro default__lake(table) -%}
    {% set path = setting('lake_path') ~ '/build/' ~ table ~ '.parquet' if table in ['batches', 'contracts']
        else setting('lake_path') ~ '/bronze/' ~ table %}
    parquet.`{{ path }}`
{%- endmacro %}

{% macro duckdb__lake(table) -%}
    {% if table in ['batches', 'contracts'] -%}
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

{# The same text for the same content, to settle ties between versions. #}
{% macro content_key(columns) -%}
    md5(
        {%- for column in columns %}
        coalesce(cast({{ column }} as {{ dbt.type_string() }}), '~') || '|'{{ ' ||' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#
    The current version of every key of a contract: by its version column, ties by content, never
    by order of loading. Only keys that were loaded again with other content have something to
    decide (`is_revision`); all others pass straight through, so that a filter on the outside
    reaches the files.
#}
{% macro current_version(contract, key, columns, version=none, keep='latest', provenance=['batch_id', 'loaded_at', 'source_file', 'source_line']) -%}
{% set kept = ['source'] + columns + provenance %}
with

competing as (

    select {{ key | join(', ') }}
    from {{ lake(contract) }}
    where is_revision
    group by {{ key | join(', ') }}

),

undisputed as (

    select {{ kept | join(', ') }}
    from {{ lake(contract) }} as loaded
    where
        batch_id in ({{ counted_batches() }})
        and not exists (
            select 1
            from competing
            where {% for part in key %}competing.{{ part }} = loaded.{{ part }}{{ ' and ' if not loop.last }}{% endfor %}
        )

),

ranked as (

    select
        {{ kept | join(', ') }},
        row_number() over (
            partition by {{ key | join(', ') }}
            order by
                {%- if version %}
                case when {{ version }} is null then 1 else 0 end,
                {{ version }} {{ 'desc' if keep == 'latest' else 'asc' }},
                {%- endif %}
                {{ content_key(columns) }},
                batch_id,
                source_line
        ) as version_rank
    from {{ lake(contract) }} as loaded
    where
        batch_id in ({{ counted_batches() }})
        and exists (
            select 1
            from competing
            where {% for part in key %}competing.{{ part }} = loaded.{{ part }}{{ ' and ' if not loop.last }}{% endfor %}
        )

)

select {{ kept | join(', ') }} from undisputed
union all
select {{ kept | join(', ') }} from ranked where version_rank = 1
{%- endmacro %}

{#
    Items of a contract that the newest complete export of their scope lists no more, and since
    which export. What is listed again has not vanished; an item of several scopes has when none
    of them lists it. Which exports are complete, the sources say themselves by filling
    `listed_rows`.
#}
{% macro vanished(contract) -%}
with

listed as (

    select source, scope, item_id, listed_at
    from {{ lake('listed_rows') }}
    where contract = '{{ contract }}' and batch_id in ({{ counted_batches() }})

),

exports as (

    select source, scope, listed_at from listed group by source, scope, listed_at

),

last_listed as (

    select source, scope, item_id, max(listed_at) as listed_at
    from listed
    group by source, scope, item_id

),

missed as (

    select
        last_listed.source, last_listed.scope, last_listed.item_id,
        min(exports.listed_at) as missed_at
    from last_listed
    left join exports
        on exports.source = last_listed.source and exports.scope = last_listed.scope
        and exports.listed_at > last_listed.listed_at
    group by last_listed.source, last_listed.scope, last_listed.item_id

)

select source, item_id, max(missed_at) as vanished_at
from missed
group by source, item_id
having count(*) = count(missed_at)
{%- endmacro %}
