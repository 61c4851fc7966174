{#
    The intervals that retention is counted in from each person's own first day on: variant,
    interval_number, its first and last number of days, and by which clock these are counted
    (`date`: days of the calendar; `hours`: 24 hours each since the first value event).
    Weeks of the calendar are not here: they begin on Monday for everybody.
#}
{% macro retention_intervals() -%}
    {%- for number in [1, 7, 14, 28] %}
    select 'classic_day' as variant, 'date' as clock, {{ number }} as interval_number,
        {{ number }} as first_number, {{ number }} as last_number
    union all
    select 'rolling_day', 'hours', {{ number }}, {{ number }}, {{ number }}
    union all
    select 'unbounded_day', 'date', {{ number }}, {{ number }}, 999999
    union all
    {%- endfor %}
    {%- for first, last in [(1, 6), (7, 13), (14, 20), (21, 27)] %}
    select 'bracket_{{ first }}_{{ last }}' as variant, 'date' as clock, {{ loop.index0 }} as interval_number,
        {{ first }} as first_number, {{ last }} as last_number
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}

{# Days behind all intervals that end; by the hours' clock there is no other kind. #}
{% macro age_beyond_intervals() -%}29{%- endmacro %}
