with

horizon as (

    select max(case when is_complete then day_on end) as complete_on, max(data_through_at) as high_water_at
    from {{ ref('dim_activity_date') }}

),

intervals as (

    {{ retention_intervals() }}

),

days as (

    select person_id, activity_on, first_value_at, last_value_at
    from {{ ref('fct_person_day') }}
    where is_countable

),

people as (

    select
        days.person_id, min(days.activity_on) as first_active_on, min(days.first_value_at) as born_at,
        {{ whole_days_between('min(days.first_value_at)', 'min(horizon.high_water_at)') }} as whole_day_count,
        min(horizon.complete_on) as complete_on
    from days
    cross join horizon
    group by days.person_id

),

-- A day's first and last event tell of all 24 hours that they lie in: local days are not longer,
-- but for the one of 25 hours each year, of which only its middle could be missed.
aged as (

    select
        people.person_id,
        case when days.activity_on <= people.complete_on
            then {{ days_between('people.first_active_on', 'days.activity_on') }} end as day_age,
        {{ whole_days_between('people.born_at', 'days.first_value_at') }} as first_age,
        {{ whole_days_between('people.born_at', 'days.last_value_at') }} as last_age
    from days
    inner join people on people.person_id = days.person_id

),

-- What lies behind the last interval that ends is all the same to the one that does not.
ages as (

    select person_id, 'date' as clock, {{ least_of('day_age', age_beyond_intervals()) }} as age
    from aged
    where day_age is not null
    union
    select person_id, 'hours', first_age from aged where first_age < {{ age_beyond_intervals() }}
    union
    select person_id, 'hours', last_age from aged where last_age < {{ age_beyond_intervals() }} and last_age <> first_age

),

returned as (

    select ages.person_id, intervals.variant, intervals.interval_number
    from ages
    inner join intervals
        on intervals.clock = ages.clock and ages.age between intervals.first_number and intervals.last_number
    group by ages.person_id, intervals.variant, intervals.interval_number

),

eligible as (

    select
        people.first_active_on, people.person_id, intervals.variant, intervals.interval_number,
        case intervals.clock
            when 'hours' then people.whole_day_count > intervals.last_number
            when 'date' then coalesce(
                {{ days_between('people.first_active_on', 'people.complete_on') }}
                >= case when intervals.variant = 'unbounded_day' then intervals.first_number else intervals.last_number end,
                false
            )
        end as is_eligible
    from people
    cross join intervals

)

select
    eligible.first_active_on, eligible.variant, eligible.interval_number,
    count(*) as person_count,
    cast(sum(case when eligible.is_eligible then 1 else 0 end) as bigint) as eligible_count,
    cast(sum(case when eligible.is_eligible and returned.person_id is not null then 1 else 0 end) as bigint)
        as retained_count
from eligible
left join returned
    on returned.person_id = eligible.person_id and returned.variant = eligible.variant
    and returned.interval_number = eligible.interval_number
group by eligible.first_active_on, eligible.variant, eligible.interval_number
