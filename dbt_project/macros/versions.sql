{#
    Which version of a row counts, of a contract whose rows are delivered more than once.
    Only staging models call these. Not here: how the lake's files are read (lake.sql), rows that
    are delivered no more (vanished.sql).
#}

{#
    The current version of every key of a contract: by its version column, ties by content, never
    by order of loading. Only keys that were loaded again with other content have something to
    decide (`is_revision`); all others pass straight through, so that a filter on the outside
    reaches the files.
#}
{% macro current_version(contract, key, columns, version=none, keep='latest', provenance=['batch_id', 'loaded_at', 'source_file', 'source_line'], days=none) -%}
{% set kept = ['source'] + columns + provenance %}
{%- if not has_revisions(contract) %}
select {{ kept | join(', ') }}
from {{ lake(contract, days) }}
where batch_id in ({{ counted_batches() }})
{%- else %}
{#- A view is asked for some days, which must reach the files; for a table they are opened once. -#}
{%- set landed = lake(contract) if model.config.materialized == 'view' else 'landed' %}
with
{% if model.config.materialized != 'view' %}
landed as (

    select {{ kept | join(', ') }}, is_revision from {{ lake(contract) }}

),
{% endif %}
competing as (

    select {{ key | join(', ') }}
    from {{ landed }}
    where is_revision
    group by {{ key | join(', ') }}

),

undisputed as (

    select {{ kept | join(', ') }}
    from {{ landed }} as loaded
    where
        batch_id in ({{ counted_batches() }})
        and not exists (select 1 from competing where {{ same_key(key, 'competing', 'loaded') }})

),

rivals as (

    select {{ kept | join(', ') }}
    from {{ landed }} as loaded
    where
        batch_id in ({{ counted_batches() }})
        and exists (select 1 from competing where {{ same_key(key, 'competing', 'loaded') }})

),

-- Rows of the version that counts, where there are versions; nearly always it is one row.
newest as (

    select {% for column in kept %}rivals.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    from rivals
    {%- if version %}
    inner join (
        select {{ key | join(', ') }}, {{ 'max' if keep == 'latest' else 'min' }}({{ version }}) as kept_version
        from rivals
        group by {{ key | join(', ') }}
    ) as chosen
        on rivals.{{ version }} is not distinct from chosen.kept_version and {{ same_key(key, 'chosen', 'rivals') }}
    {%- endif %}

),

tied as (

    select {{ key | join(', ') }} from newest group by {{ key | join(', ') }} having count(*) > 1

),

ranked as (

    select
        {{ kept | join(', ') }},
        row_number() over (
            partition by {{ key | join(', ') }} order by {{ content_key(columns) }}, batch_id, source_line
        ) as content_rank
    from newest
    where exists (select 1 from tied where {{ same_key(key, 'tied', 'newest') }})

)

select {{ kept | join(', ') }} from undisputed
union all
select {{ kept | join(', ') }}
from newest
where not exists (select 1 from tied where {{ same_key(key, 'tied', 'newest') }})
union all
select {{ kept | join(', ') }} from ranked where content_rank = 1
{%- endif %}
{%- endmacro %}

{#
    Whether any key of a contract was ever loaded again with other content. Where none was, no row
    needs to be held against others, and a filter on days reads these days' files alone. A view
    that was written so is right until the next delivery: each build makes all of them again.
#}
{% macro has_revisions(contract) -%}
    {%- if not execute -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set found = run_query(
        "select count(*) from " ~ lake('batches') ~ " where contract = '" ~ contract ~ "' and rows_revision > 0"
    ) -%}
    {{ return(found.columns[0].values()[0] > 0) }}
{%- endmacro %}
