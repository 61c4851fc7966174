{#
    Incremental models here replace whole days. What decides which days is always written down in
    a small table of the same build, so that a day that lost all its rows is emptied too.
#}

{#
    The strategy `replace_days`. `meta` of the model names
      day          its date column;
      rewritten    (layer.table.column) days to empty even if no new row comes for them;
      spine        (layer.table.column) days that may exist at all; others are emptied.
#}
{% macro get_incremental_replace_days_sql(args) -%}
    {%- set meta = config.get('meta') -%}
    {%- set columns = args['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ args['target_relation'] }}
    where
        {{ meta['day'] }} in (select {{ meta['day'] }} from {{ args['temp_relation'] }})
        {%- if meta.get('rewritten') %}
        or {{ meta['day'] }} in ({{ days_of(meta['rewritten']) }})
        {%- endif %}
        {%- if meta.get('spine') %}
        or {{ meta['day'] }} not in ({{ days_of(meta['spine']) }})
        {%- endif %};

    insert into {{ args['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ args['temp_relation'] }}
{%- endmacro %}

{% macro days_of(path) -%}
    {%- set layer, table, column = path.split('.') -%}
    select {{ column }} from {{ api.Relation.create(database=target.database, schema=layer, identifier=table) }}
{%- endmacro %}

{#
    A table as the last good build left it; none in a full refresh and in a first build. The
    caller must be built before that table is replaced (a `depends_on` in the replaced model).
#}
{% macro previous(layer, table) -%}
    {%- if not execute or flags.FULL_REFRESH -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(adapter.get_relation(database=target.database, schema=layer, identifier=table)) }}
{%- endmacro %}

{#
    `ts` lies in one of the days that `relation` lists, each widened by `margin` days. Written out
    as ranges of literals, because only these reach the statistics of Parquet files.
#}
{% macro within_days(ts, relation, column, margin=0) -%}
    {%- if not execute -%}
        {{ return('1 = 1') }}
    {%- endif -%}
    {%- set day = modules.datetime.timedelta(days=1) -%}
    {%- set wide = modules.datetime.timedelta(days=margin) -%}
    {%- set found = run_query('select distinct ' ~ column ~ ' from ' ~ relation ~ ' order by 1') -%}
    {%- set ranges = [] -%}
    {%- for value in found.columns[0].values() -%}
        {%- if ranges and value - wide <= ranges[-1][1] -%}
            {%- do ranges[-1].pop() -%}
            {%- do ranges[-1].append(value + wide + day) -%}
        {%- else -%}
            {%- do ranges.append([value - wide, value + wide + day]) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set tests = [] -%}
    {%- for low, high in ranges -%}
        {%- do tests.append(ts ~ " >= timestamp '" ~ low ~ " 00:00:00' and " ~ ts ~ " < timestamp '" ~ high ~ " 00:00:00'") -%}
    {%- endfor -%}
    {{ return('(' ~ (tests | join(' or ')) ~ ')' if tests else '1 = 0') }}
{%- endmacro %}

{# A complete select of literal days, column `name`; no rows for an empty list. #}
{% macro literal_days(days, name) -%}
    {%- for value in days %}
    select cast('{{ value }}' as date) as {{ name }}
    {%- if not loop.last %} union all{% endif %}
    {%- else %}
    select cast('1970-01-01' as date) as {{ name }} where 1 = 0
    {%- endfor %}
{%- endmacro %}

{#
    A complete select of the days (`day_on`) of a daily usage mart that must be computed again:
    rewritten person-days reach `window` days ahead; days are missing, or their completeness moved.
#}
{% macro days_to_rebuild(built, window) -%}
    select spine.day_on
    from {{ ref('dim_activity_date') }} as spine
    left join (
        select activity_on, min(data_through_at) as data_through_at, max(is_complete) as is_complete
        from {{ built }}
        group by activity_on
    ) as built
        on built.activity_on = spine.day_on
    where
        built.activity_on is null
        or built.data_through_at <> spine.data_through_at
        or built.is_complete <> spine.is_complete
    union
    select spine.day_on
    from {{ ref('dim_activity_date') }} as spine
    inner join {{ ref('fct_rewritten_date') }} as rewritten
        on spine.day_on between rewritten.activity_on
        and {{ add_days('rewritten.activity_on', window - 1) }}
{%- endmacro %}

{#
    Days of accounts that start on another day than their rows do in the mart that is being built,
    with `accounts` (account_id, first_on) in scope: accounts come, go and are merged.
#}
{% macro days_of_moved_accounts() -%}
    select spine.day_on
    from (select account_id, min(activity_on) as first_on from {{ this }} group by account_id) as built
    full outer join (
        select accounts.account_id, {{ greatest_of('accounts.first_on', 'ends.first_on') }} as first_on
        from accounts
        inner join (select min(day_on) as first_on, max(day_on) as last_on from {{ ref('dim_activity_date') }}) as ends
            on ends.last_on >= accounts.first_on
    ) as present
        on present.account_id = built.account_id
    inner join {{ ref('dim_activity_date') }} as spine
        on spine.day_on >= {{ least_of('built.first_on', 'present.first_on') }}
        and (
            built.first_on is null or present.first_on is null
            or spine.day_on <= {{ greatest_of('built.first_on', 'present.first_on') }}
        )
    where built.first_on is distinct from present.first_on
{%- endmacro %}
