with

-- "On or after" needs a fixed end: the last day of the last week that is over.
horizon as (

    select
        max(case when is_complete then day_on end) as complete_on,
        {{ add_days(week_of(add_days('max(case when is_complete then day_on end)', 1)), -1) }} as week_end_on,
        max(data_through_at) as high_water_at
    from {{ ref('dim_activity_date') }}

),

weeks as (select week_on from {{ ref('dim_activity_date') }} group by week_on),

intervals as ({{ retention_intervals() }}),

people as (

    select person_id, {{ week_of('first_active_on') }} as cohort_week_on
    from {{ ref('dim_person') }} where first_active_on is not null

),

cohorts as (select cohort_week_on, count(*) as person_count from people group by cohort_week_on),

active_weeks as (

    select people.person_id, people.cohort_week_on, active.week_on,
        {{ weeks_between('people.cohort_week_on', 'active.week_on') }} as interval_number
    from {{ ref('fct_person_week') }} as active
    inner join people on people.person_id = active.person_id
    group by people.person_id, people.cohort_week_on, active.week_on

),

-- Whose last active week an interval is was also there "on or after" every interval before it.
-- Weeks of the calendar are over for a whole cohort at once, other intervals person by person.
kept as (

    select 'classic_week' as variant, cohort_week_on, interval_number, count(*) as person_count,
        cast(null as bigint) as eligible_count
    from active_weeks
    group by cohort_week_on, interval_number
    union all
    select 'unbounded_week', cohort_week_on, interval_number, count(*), cast(null as bigint)
    from (
        select active_weeks.cohort_week_on, max(active_weeks.interval_number) as interval_number
        from active_weeks inner join horizon on active_weeks.week_on <= horizon.week_end_on
        group by active_weeks.cohort_week_on, active_weeks.person_id
    ) as last_weeks
    group by cohort_week_on, interval_number
    union all
    select variant, {{ week_of('first_active_on') }}, interval_number, sum(retained_count), sum(eligible_count)
    from {{ ref('fct_cohort_day_return') }}
    group by variant, {{ week_of('first_active_on') }}, interval_number

),

cells as (

    select
        variants.variant, born.week_on as cohort_week_on,
        {{ weeks_between('born.week_on', 'later.week_on') }} as interval_number,
        {{ add_days('later.week_on', 6) }} as interval_end_on
    from weeks as born
    inner join weeks as later on later.week_on >= born.week_on
    cross join (select 'classic_week' as variant union all select 'unbounded_week') as variants
    union all
    select
        intervals.variant, weeks.week_on, intervals.interval_number,
        {{ add_days('weeks.week_on', "6 + case intervals.variant when 'unbounded_day' then intervals.first_number
            when 'rolling_day' then intervals.last_number + 1 else intervals.last_number end") }}
    from weeks cross join intervals

),

counted as (

    select
        cells.variant, cells.cohort_week_on, cells.interval_number, horizon.high_water_at,
        case cells.variant
            when 'unbounded_week' then horizon.week_end_on
            when 'unbounded_day' then horizon.complete_on
            else cells.interval_end_on
        end as horizon_end_on,
        coalesce(cells.interval_end_on <= horizon.complete_on, false) as is_mature,
        case
            when cells.variant not in ('classic_week', 'unbounded_week') then coalesce(kept.eligible_count, 0)
            when cells.interval_end_on <= horizon.complete_on then coalesce(cohorts.person_count, 0)
            else 0
        end as eligible_count,
        case
            when cells.variant = 'unbounded_week' then sum(coalesce(kept.person_count, 0)) over (
                partition by cells.variant, cells.cohort_week_on order by cells.interval_number desc
            )
            else coalesce(kept.person_count, 0)
        end as person_count
    from cells
    cross join horizon
    left join cohorts on cohorts.cohort_week_on = cells.cohort_week_on
    left join kept
        on kept.variant = cells.variant and kept.cohort_week_on = cells.cohort_week_on
        and kept.interval_number = cells.interval_number

)

select
    cohort_week_on, variant, case when variant like '%_day' then 'day' else 'week' end as interval_unit,
    cast(interval_number as bigint) as interval_number,
    cast(eligible_count as bigint) as eligible_count,
    cast(case when eligible_count > 0 then person_count else 0 end as bigint) as retained_count,
    cast(case when eligible_count > 0 then person_count else 0 end as bigint) as retention_num,
    cast(eligible_count as bigint) as retention_den,
    {{ rate('person_count', 'eligible_count') }} as retention_rate,
    is_mature, horizon_end_on,
    is_mature as is_complete,
    {{ least_of('high_water_at', day_over_at('horizon_end_on')) }} as data_through_at,
    1 as definition_version
from counted
