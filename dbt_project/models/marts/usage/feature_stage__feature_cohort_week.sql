with

weeks as (select week_on from {{ ref('dim_activity_date') }} group by week_on),

reach as (select max(data_through_at) as high_water_at from {{ ref('dim_activity_date') }}),

features as (

    select
        feature_id, entitled_plans, flag_id, released_on, retired_on,
        {{ week_of('released_on') }} as release_week_on
    from {{ ref('dim_feature') }}

),

-- Exposed: active under a plan that includes the feature while it was out, the first time.
exposed as (

    select features.feature_id, plan_weeks.person_id, min(plan_weeks.week_on) as cohort_week_on
    from features
    inner join {{ ref('fct_person_week') }} as plan_weeks
        on coalesce(plan_weeks.last_on >= features.released_on, true)
        and coalesce(plan_weeks.first_on < features.retired_on, true)
        and coalesce({{ json_array_has('features.entitled_plans', 'plan_weeks.plan') }}, true)
    {{ left_join_flags('features', 'plan_weeks') }}
    where features.flag_id is null or switched.person_id is not null
    group by features.feature_id, plan_weeks.person_id

),

-- Everybody has four weeks to try it, and eight from then on to come back to it.
tried as (

    select uses.feature_id, uses.person_id, min(uses.week_on) as first_week_on
    from {{ ref('fct_person_feature_week') }} as uses
    inner join exposed on exposed.feature_id = uses.feature_id and exposed.person_id = uses.person_id
    where
        uses.is_countable and uses.week_on >= exposed.cohort_week_on
        and uses.week_on < {{ add_days('exposed.cohort_week_on', 28) }}
    group by uses.feature_id, uses.person_id

),

stages as (

    select
        tried.feature_id, tried.person_id,
        max(case when uses.week_on > tried.first_week_on then 1 else 0 end) as is_repeated,
        max(case when uses.week_on >= {{ add_days('tried.first_week_on', 35) }} then 1 else 0 end) as is_retained
    from tried
    inner join {{ ref('fct_person_feature_week') }} as uses
        on uses.feature_id = tried.feature_id and uses.person_id = tried.person_id
        and uses.week_on between tried.first_week_on and {{ add_days('tried.first_week_on', 56) }}
    where uses.is_countable
    group by tried.feature_id, tried.person_id

),

counted as (

    select
        exposed.feature_id, exposed.cohort_week_on,
        count(*) as exposed_count,
        count(stages.person_id) as tried_count,
        sum(coalesce(stages.is_repeated, 0)) as repeated_count,
        sum(coalesce(stages.is_retained, 0)) as retained_count
    from exposed
    left join stages on stages.feature_id = exposed.feature_id and stages.person_id = exposed.person_id
    group by exposed.feature_id, exposed.cohort_week_on

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
