with

weeks as (select week_on from {{ ref('dim_activity_date') }} group by week_on),

horizon as (

    select max(case when is_complete then day_on end) as complete_on, max(data_through_at) as high_water_at
    from {{ ref('dim_activity_date') }}

),

people as (

    select
        *, {{ week_of('first_active_on') }} as cohort_week_on,
        -- Whose first day is not over has not waited yet, and says nothing about waiting.
        case when waited_day_count >= 0 then waited_day_count end as known_day_count,
        case when activated_on is null then 0 else 1 end as is_observed
    from {{ ref('fct_activation') }}

),

counted as (

    select
        criteria_id, criteria_version, cohort_week_on,
        count(*) as person_count,
        sum(case when is_mature then 1 else 0 end) as mature_count,
        sum(case when is_mature and is_activated_in_time then 1 else 0 end) as activated_count,
        sum(is_observed) as ever_count
    from people
    group by criteria_id, criteria_version, cohort_week_on

),

medians as (

    {{ kaplan_meier_median(
        'people', ['criteria_id', 'criteria_version', 'cohort_week_on'], 'known_day_count', 'is_observed'
    ) }}

),

criteria as (

    select criteria_id, criteria_version, criteria_name, within_days
    from {{ ref('fct_activation') }}
    group by criteria_id, criteria_version, criteria_name, within_days

),

numbers as (

    select
        criteria.*, weeks.week_on as cohort_week_on,
        {{ add_days('weeks.week_on', 'criteria.within_days + 5') }} as end_on,
        coalesce(counted.person_count, 0) as person_count,
        cast(coalesce(counted.mature_count, 0) as bigint) as mature_count,
        cast(coalesce(counted.activated_count, 0) as bigint) as activated_count,
        cast(coalesce(counted.ever_count, 0) as bigint) as ever_count,
        medians.median_value
    from criteria
    cross join weeks
    left join counted
        on counted.criteria_id = criteria.criteria_id and counted.criteria_version = criteria.criteria_version
        and counted.cohort_week_on = weeks.week_on
    left join medians
        on medians.criteria_id = criteria.criteria_id and medians.criteria_version = criteria.criteria_version
        and medians.cohort_week_on = weeks.week_on

)

select
    numbers.criteria_id, numbers.criteria_version, numbers.cohort_week_on,
    numbers.criteria_name, numbers.within_days, numbers.person_count,
    numbers.activated_count as activation_num,
    numbers.mature_count as activation_den,
    {{ rate('numbers.activated_count', 'numbers.mature_count') }} as activation_rate,
    numbers.ever_count as activated_person_count,
    numbers.person_count - numbers.ever_count as waiting_person_count,
    numbers.median_value as time_to_value_p50_days,
    coalesce(numbers.end_on <= horizon.complete_on, false) as is_complete,
    {{ least_of('horizon.high_water_at', day_over_at('numbers.end_on')) }} as data_through_at,
    1 as definition_version
from numbers
cross join horizon
