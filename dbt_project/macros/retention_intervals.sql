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

{# Whether a person came back, a column for each interval with an end, from rows with day_age, first_age and last_age. #}
{% macro returned_in_intervals() -%}
    {%- for interval in retention_interval_list() if interval.last is not none -%}
        max(case when
            {%- if interval.clock == 'date' %} day_age between {{ interval.first }} and {{ interval.last }}
            {%- else %} first_age between {{ interval.first }} and {{ interval.last }}
            or last_age between {{ interval.first }} and {{ interval.last }}
            {%- endif %} then 1 else 0 end) as returned{{ loop.index }}
        {{- ',' if not loop.last }}
        {% endfor -%}
{%- endmacro %}

{#
    A complete select of cohorts by interval: first_active_on, variant, interval_number,
    person_count, returned_count, is_eligible. `kinds` and `people` of fct_cohort_day_return are in
    scope: the one knows the intervals with an end, the other the last day of each person.
#}
{% macro returns_by_interval() -%}
    {%- for interval in retention_interval_list() if interval.last is not none %}
    select
        first_active_on, '{{ interval.variant }}' as variant, {{ interval.number }} as interval_number,
        person_count, returned{{ loop.index }} as returned_count,
        {% if interval.clock == 'hours' %}whole_day_count > {{ interval.last }}
        {%- else %}coalesce(day_count >= {{ interval.last }}, false){% endif %} as is_eligible
    from kinds
    union all
    {%- endfor %}
    {%- for interval in retention_interval_list() if interval.last is none %}
    select
        first_active_on, '{{ interval.variant }}', {{ interval.number }}, count(*),
        sum(case when last_day_age >= {{ interval.first }} then 1 else 0 end),
        coalesce({{ days_between('first_active_on', 'min(complete_on)') }} >= {{ interval.first }}, false)
    from people
    group by first_active_on
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
