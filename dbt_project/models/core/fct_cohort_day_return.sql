-- depends_on: {{ ref('fct_rewritten_date') }}
{%- set bounded = retention_interval_list() | rejectattr('last', 'none') | list -%}{# Two zones' days are at most two days off. #}
{%- set bounded_days = (bounded | map(attribute='last') | max) + 3 -%}
{%- set built = previous('core', 'fct_cohort_day_return') %}
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
        {{ whole_days_between('ends.born_at', 'horizon.high_water_at') }} as whole_day_count
    from ends
    cross join horizon

),

{% if built -%}
-- Whose intervals with an end were over for everybody, with no day of them written again.
settled as (

    select counted.first_active_on
    from (
        select first_active_on, max(person_count - eligible_count) as waiting_count
        from {{ built }} where variant <> 'unbounded_day' group by first_active_on
    ) as counted
    inner join horizon on horizon.complete_on >= {{ add_days('counted.first_active_on', bounded_days) }}
    where counted.waiting_count = 0 and not exists (
        select 1
        from {{ ref('fct_rewritten_date') }} as rewritten
        where rewritten.activity_on between counted.first_active_on
            and {{ add_days('counted.first_active_on', bounded_days) }}
    )

),

{% endif -%}
waiting as (

    select people.*
    from people
    {{ 'left join settled on settled.first_active_on = people.first_active_on
    where settled.first_active_on is null' if built }}

),

-- A day's first and last event tell of all 24 hours that they lie in: local days are not longer,
-- but for the one of 25 hours each year, of which only its middle could be missed.
aged as (

    select
        waiting.person_id, waiting.first_active_on, waiting.complete_on, waiting.whole_day_count,
        case when days.activity_on <= waiting.complete_on
            then {{ days_between('waiting.first_active_on', 'days.activity_on') }} end as day_age,
        {{ whole_days_between('waiting.born_at', 'days.first_value_at') }} as first_age,
        {{ whole_days_between('waiting.born_at', 'days.last_value_at') }} as last_age
    from {{ ref('fct_person_day') }} as days
    inner join waiting
        on waiting.person_id = days.person_id
        and days.activity_on <= {{ add_days('waiting.first_active_on', bounded_days) }}
    where days.is_countable

),

-- Whether a person came back, of all intervals with an end at once: a row for each would have to be
-- told apart from those of the person's other days. Of the others the last day tells.
returned as (

    select
        person_id, min(first_active_on) as first_active_on, min(complete_on) as complete_on, min(whole_day_count) as whole_day_count,
        {{ returned_in_intervals() }}
    from aged
    group by person_id

),

-- Of people with the same first day and as much time since, an interval is over for all or none.
kinds as (

    select
        first_active_on, whole_day_count, {{ days_between('first_active_on', 'min(complete_on)') }} as day_count,
        count(*) as person_count
        {%- for interval in bounded %}, sum(returned{{ loop.index }}) as returned{{ loop.index }}{% endfor %}
    from returned
    group by first_active_on, whole_day_count

)

select
    first_active_on, variant, interval_number,
    cast(sum(person_count) as bigint) as person_count,
    cast(sum(case when is_eligible then person_count else 0 end) as bigint) as eligible_count,
    cast(sum(case when is_eligible then returned_count else 0 end) as bigint) as retained_count
from ({{ returns_by_interval() }}) as eligible
group by first_active_on, variant, interval_number
{%- if built %}
union all
select first_active_on, variant, interval_number, person_count, eligible_count, retained_count
from {{ built }}
where variant <> 'unbounded_day' and first_active_on in (select first_active_on from settled)
{%- endif %}
