{# What experiments measure, and the sums that comparisons are made of. #}

{# What stands for an experiment where all active units of a type are meant; no id of one looks so. #}
{% macro baseline_id(unit_type) -%}(baseline by {{ unit_type }}){%- endmacro %}

{# Measures of a unit's day (fct_unit_day). Metrics name them; others are `feature:<feature_id>`. #}
{% macro unit_measures() -%}
    {{ return(['active_days', 'value_events', 'features', 'sessions', 'session_seconds', 'tickets']) }}
{%- endmacro %}

{# A measure over the days `side` (after or before the first exposure); 0 where nothing happened. #}
{% macro measured(measure, side) -%}
    coalesce(case {{ measure }}
        {%- for name in unit_measures() %}
        when '{{ name }}' then totals.{{ name }}_{{ side }}
        {%- endfor %}
        else {{ 'uses' if 'numerator' in measure else 'base_uses' }}.amount_{{ side }}
    end, 0)
{%- endmacro %}

{#
    The variables of a metric: y the numerator, d the denominator (1 for all but ratios), x and w
    the same before the first exposure.
#}
{% macro metric_variables() -%}
    {{ return(['y', 'd', 'x', 'w']) }}
{%- endmacro %}

{# Pairs of variables whose products are summed. #}
{% macro variable_pairs() -%}
    {{ return([['y', 'y'], ['d', 'd'], ['x', 'x'], ['w', 'w'], ['y', 'd'], ['y', 'x'], ['y', 'w'], ['d', 'x'], ['d', 'w'], ['x', 'w']]) }}
{%- endmacro %}

{# The quantile of a column at a share that itself stands in a column, of the `shares` there are. #}
{% macro percentile_of(column, share, shares, is_from_below) -%}
    {%- if shares -%}
    case {{ share }}
        {%- for one in shares %}
        when {{ one }} then {{ percentile(column, (1 - one) | round(9) if is_from_below else one) }}
        {%- endfor %}
    end
    {%- else -%}
    cast(null as double)
    {%- endif -%}
{%- endmacro %}

{# Columns under their own names, for `rows_listed`. #}
{% macro pairs_of(names) -%}
    {%- set found = [] -%}
    {%- for name in names %}{% do found.append([name, name]) %}{% endfor -%}
    {{ return(found) }}
{%- endmacro %}


{# Distinct values of a column as the build has them by now, sorted; one stand-in while dbt parses. #}
{% macro distinct_values(relation, column) -%}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set found = run_query("select distinct " ~ column ~ " from " ~ relation ~ " where " ~ column ~ " is not null order by 1") -%}
    {{ return(found.columns[0].values() | map('float') | list) }}
{%- endmacro %}


{#
    The quantile of a group's `row_value` at a share that itself is a column, by linear
    interpolation: `place` numbers the rows of the group from 0, in the order of their values.
#}
{% macro value_at(share, row_count) -%}
    {%- set at = share ~ ' * (' ~ row_count ~ ' - 1)' -%}
    sum(case
        when place = floor({{ at }}) then row_value * (1 - ({{ at }} - floor({{ at }})))
        when place = floor({{ at }}) + 1 then row_value * ({{ at }} - floor({{ at }}))
        else 0.0
    end)
{%- endmacro %}

{# A quarter by its first day, as 2026-Q2; 'all' where there is none. #}
{% macro quarter_name(day) -%}
    coalesce(
        cast(extract(year from {{ day }}) as {{ dbt.type_string() }}) || '-Q'
        || cast(extract(quarter from {{ day }}) as {{ dbt.type_string() }}), 'all'
    )
{%- endmacro %}
