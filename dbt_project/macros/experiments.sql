{# What experiments measure, and the sums that comparisons are made of. #}

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

{#
    The quantile of a column at a share that itself stands in a column: one of those that metrics
    may name (analytics/experiments/metrics.py), or what is left above it.
#}
{% macro percentile_of(column, share, from_below) -%}
    case {{ share }}
        {%- for one in [0.95, 0.99, 0.999] %}
        when {{ one }} then {{ percentile(column, (1 - one) | round(6) if from_below else one) }}
        {%- endfor %}
    end
{%- endmacro %}
