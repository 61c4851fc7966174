{%- set intervals = retention_interval_list() -%}
{%- set bounded_days = intervals | map(attribute='last') | reject('none') | max -%}
with

horizon as (

    select max(case when is_complete then day_on end) as complete_on, max(data_through_at) as high_water_at
    from {{ ref('dim_activity_date') }}

),

ends as (

    select
        days.person_id, min(days.activity_on) as first_active_on, min(days.first_value_at) as born_at,
        max(case when days.activity_on <= horizon.complete_on then days.activity_on end) as last_active_on
    from {{ ref('fct_person_day') }} as days
    cross join horizon
    where days.is_countable
    group by days.person_id

),

people as (

    select
        ends.person_id, ends.first_active_on, ends.born_at, horizon.complete_on,
        {{ days_between('ends.first_active_on', 'ends.last_active_on') }} as last_day_age,
        {{ whole_days_between('ends.born_at', 'horizon.high_water_at') }} as whole_day_count,
        -- Local days of two time zones are at most two days off.
        {{ add_days('ends.first_active_on', bounded_days + 3) }} as bounded_until_on
    from ends
    cross join horizon

),

-- A day's first and last event tell of all 24 hours that they lie in: local days are not longer,
-- but for the one of 25 hours each year, of which only its middle could be missed.
aged as (

    select
        people.person_id, people.first_active_on, people.complete_on, people.whole_day_count, people.last_day_age,
        case when days.activity_on <= people.complete_on
            then {{ days_between('people.first_active_on', 'days.activity_on') }} end as day_age,
        {{ whole_days_between('people.born_at', 'days.first_value_at') }} as first_age,
        {{ whole_days_between('people.born_at', 'days.last_value_at') }} as last_age
    from {{ ref('fct_person_day') }} as days
    inner join people on people.person_id = days.person_id and days.activity_on <= people.bounded_until_on
    where days.is_countable

),

-- Whether a person came back, of all intervals at once: a row for each would have to be told apart
-- from those of the person's other days. Of intervals without an end the last day tells.
returned as (

    select
        person_id, min(first_active_on) as first_active_on, min(complete_on) as complete_on,
        min(whole_day_count) as whole_day_count
        {%- for interval in intervals %},
        max(case when
            {%- if interval.last is none %} last_day_age >= {{ interval.first }}
            {%- elif interval.clock == 'date' %} day_age between {{ interval.first }} and {{ interval.last }}
            {%- else %} first_age between {{ interval.first }} and {{ interval.last }}
            or last_age between {{ interval.first }} and {{ interval.last }}
            {%- endif %} then 1 else 0 end) as returned{{ loop.index }}
        {%- endfor %}
    from aged
    group by person_id

),

-- Of people with the same first day and as much time since, an interval is over for all or none.
kinds as (

    select
        first_active_on, whole_day_count, {{ days_between('first_active_on', 'min(complete_on)') }} as day_count,
        count(*) as person_count
        {%- for interval in intervals %},
        sum(returned{{ loop.index }}) as returned{{ loop.index }}
        {%- endfor %}
    from returned
    group by first_active_on, whole_day_count

),

eligible as (

    {%- for interval in intervals %}
    select
        first_active_on, '{{ interval.variant }}' as variant, {{ interval.number }} as interval_number,
        person_count, returned{{ loop.index }} as returned_count,
        {%- if interval.clock == 'hours' %}
        whole_day_count > {{ interval.last }} as is_eligible
        {%- else %}
        coalesce(day_count >= {{ interval.first if interval.last is none else interval.last }}, false) as is_eligible
        {%- endif %}
    from kinds
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    first_active_on, variant, interval_number,
    cast(sum(person_count) as bigint) as person_count,
    cast(sum(case when is_eligible then person_count else 0 end) as bigint) as eligible_count,
    cast(sum(case when is_eligible then returned_count else 0 end) as bigint) as retained_count
from eligible
group by first_active_on, variant, interval_number
