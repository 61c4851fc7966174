with

weeks as (select week_on from {{ ref('dim_activity_date') }} group by week_on),

reach as (select max(data_through_at) as high_water_at from {{ ref('dim_activity_date') }}),

features as (

    select
        feature_id, released_on, {{ week_of('released_on') }} as release_week_on
    from {{ ref('dim_feature') }}

),

counted as (

    select
        feature_id, exposed_week_on as cohort_week_on,
        count(*) as exposed_count,
        count(tried_week_on) as tried_count,
        count(repeated_week_on) as repeated_count,
        count(retained_week_on) as retained_count
    from {{ ref('fct_person_feature') }}
    where exposed_week_on is not null
    group by feature_id, exposed_week_on

),

numbers as (

    select
        features.feature_id, weeks.week_on as cohort_week_on,
        case when features.released_on is not null
            then {{ weeks_between('features.release_week_on', 'weeks.week_on') }} end as weeks_since_release,
        coalesce(counted.exposed_count, 0) as exposed_person_count,
        reach.high_water_at >= {{ day_over_at(add_days('weeks.week_on', 27)) }} as is_tried_over,
        reach.high_water_at >= {{ day_over_at(add_days('weeks.week_on', 83)) }} as is_over,
        case when reach.high_water_at >= {{ day_over_at(add_days('weeks.week_on', 27)) }}
            then coalesce(counted.exposed_count, 0) else 0 end as ripe_count,
        case when reach.high_water_at >= {{ day_over_at(add_days('weeks.week_on', 27)) }}
            then coalesce(counted.tried_count, 0) else 0 end as tried_count,
        case when reach.high_water_at >= {{ day_over_at(add_days('weeks.week_on', 83)) }}
            then coalesce(counted.tried_count, 0) else 0 end as ripe_tried_count,
        case when reach.high_water_at >= {{ day_over_at(add_days('weeks.week_on', 83)) }}
            then coalesce(counted.repeated_count, 0) else 0 end as repeated_count,
        case when reach.high_water_at >= {{ day_over_at(add_days('weeks.week_on', 83)) }}
            then coalesce(counted.retained_count, 0) else 0 end as retained_count,
        {{ least_of('reach.high_water_at', day_over_at(add_days('weeks.week_on', 83))) }} as data_through_at
    from features
    inner join weeks on coalesce(weeks.week_on >= features.release_week_on, true)
    cross join reach
    left join counted on counted.feature_id = features.feature_id and counted.cohort_week_on = weeks.week_on

)

select
    feature_id, cohort_week_on, weeks_since_release, exposed_person_count,
    tried_count as tried_num, ripe_count as tried_den, {{ rate('tried_count', 'ripe_count') }} as tried_rate,
    cast(repeated_count as bigint) as repeated_num, ripe_tried_count as repeated_den,
    {{ rate('repeated_count', 'ripe_tried_count') }} as repeated_rate,
    cast(retained_count as bigint) as retained_num, ripe_tried_count as retained_den,
    {{ rate('retained_count', 'ripe_tried_count') }} as retained_rate,
    is_over as is_complete, data_through_at, 2 as definition_version
from numbers
