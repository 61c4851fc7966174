{#
    The intervals that retention is counted in from each person's own first day on: variant,
    interval_number, its first and last number of days (none for no end), and by which clock these are counted
    (`date`: days of the calendar; `hours`: 24 hours each since the first value event).
    Weeks of the calendar are not here: they begin on Monday for everybody.
#}
{% macro retention_interval_list() -%}
    {%- set found = [] -%}
    {%- for number in [1, 7, 14, 28] -%}
        {%- do found.append({'variant': 'classic_day', 'clock': 'date', 'number': number, 'first': number, 'last': number}) -%}
        {%- do found.append({'variant': 'rolling_day', 'clock': 'hours', 'number': number, 'first': number, 'last': number}) -%}
        {%- do found.append({'variant': 'unbounded_day', 'clock': 'date', 'number': number, 'first': number, 'last': none}) -%}
    {%- endfor -%}
    {%- for first, last in [(1, 6), (7, 13), (14, 20), (21, 27)] -%}
        {%- do found.append({
            'variant': 'bracket_' ~ first ~ '_' ~ last, 'clock': 'date', 'number': loop.index0, 'first': first, 'last': last,
        }) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# The same as a complete select. #}
{% macro retention_intervals() -%}
    {%- for interval in retention_interval_list() %}
    select '{{ interval.variant }}' as variant, '{{ interval.clock }}' as clock, {{ interval.number }} as interval_number,
        {{ interval.first }} as first_number, {{ interval.last if interval.last is not none else 'cast(null as bigint)' }} as last_number
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
