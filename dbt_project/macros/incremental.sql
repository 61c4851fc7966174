{#
    Incremental models here replace whole days, or all that people did since some day. What decides
    which ones is always written down in a small table of the same build, so that a day or a person
    that lost all its rows is emptied too.
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

{#
    The strategy `replace_since`: of each person that int_usage__touched_person names, rows go that
    hang on anything since the day it names. `meta` of the model says in `ended` and `slack_minutes`
    when a row ended, and for how long after that what happens may still change it.
#}
{% macro get_incremental_replace_since_sql(args) -%}
    {%- set columns = args['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    {%- set touched = api.Relation.create(
        database=target.database, schema='intermediate', identifier='int_usage__touched_person'
    ) -%}
    {{ delete_met(
        args['target_relation'], touched,
        'touched.person_id = built.person_id and '
        ~ may_hang('built', config.get('meta')['ended'], config.get('meta')['slack_minutes'])
    ) }};

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

{# A complete select of the rows that only one of two relations has; columns are names with commas between. #}
{% macro changed_rows(old, new, columns) -%}
    (select {{ columns }} from {{ old }} except select {{ columns }} from {{ new }})
    union all
    (select {{ columns }} from {{ new }} except select {{ columns }} from {{ old }})
{%- endmacro %}

{#
    The one day that a query finds, as a literal: only these let a reader leave out all that lies
    before it. A day that never comes where it finds none.
#}
{% macro day_found(query) -%}
    {%- set found = run_query(query).columns[0].values()[0] if execute else none -%}
    date '{{ found if found is not none else '9999-12-31' }}'
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
