{# Which sessions and entries into funnels must be computed again, and where they lie. Days: usage_days.sql. #}

{#
    Days (`started_on`) on which sessions or entries into funnels begin that hang on anything since a
    person is touched: rows that `replace_since` takes away, or those that came for them.
#}
{% macro touched_starts(sessions, entries) -%}
    {%- for relation, started_on, ended, slack_minutes in [
        (sessions, 'started_on', 'ended_at', 30), (entries, 'entered_on', 'window_ends_at', 0),
    ] %}
    select rows_of.{{ started_on }} as started_on
    from {{ relation }} as rows_of
    inner join {{ ref('int_usage__touched_person') }} as touched
        on touched.person_id = rows_of.person_id and {{ may_hang('rows_of', ended, slack_minutes) }}
    {{ 'union' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#
    Whether one of `rows_of` may hang on what happens since the day from which its person is
    `touched`. The same is said of the first such day, so that what is older need not be read.
#}
{% macro may_hang(rows_of, ended, slack_minutes) -%}
    {%- set touched = api.Relation.create(
        database=target.database, schema='intermediate', identifier='int_usage__touched_person'
    ) -%}
    {%- set slack = "interval '" ~ slack_minutes ~ "' minute" -%}
    {{ rows_of }}.{{ ended }} >= touched.since_on - {{ slack }}
    and {{ rows_of }}.{{ ended }} >= {{ day_found('select min(since_on) from ' ~ touched) }} - {{ slack }}
{%- endmacro %}

{# The first UTC day, as a literal, of which fct_session needs events: old sessions may reach back behind the touched days. #}
{% macro session_days_from() -%}
    {{ day_found(
        "select min(case when built.started_at < touched.since_on then cast(built.started_at as date) else touched.since_on end)"
        ~ " from " ~ ref('int_usage__touched_person') ~ " as touched"
        ~ " left join " ~ this ~ " as built on built.person_id = touched.person_id"
        ~ " and " ~ may_hang('built', 'ended_at', 30)
    ) }}
{%- endmacro %}

{# The first UTC day, as a literal, of which funnels need events: two windows before the touched days. #}
{% macro funnel_days_from() -%}
    {{ day_found(
        "select cast(min(touched.since_on) - 2 * max(steps.window_hours) * interval '1' hour as date)"
        ~ " from " ~ ref('int_usage__touched_person') ~ " as touched cross join " ~ ref('dim_funnel_step') ~ " as steps"
    ) }}
{%- endmacro %}

{#
    Places of a person's events are whole numbers in the order of time: a million times the
    microseconds since 1970, and the event's number among those of the same moment.
#}
{% macro place_at(ts, number) -%}
    cast({{ epoch_micros(ts) }} as decimal(38, 0)) * 1000000 + {{ number }}
{%- endmacro %}

{% macro last_place_at(ts) -%}
    {{ place_at(ts, 999999) }}
{%- endmacro %}
