with

weeks as (

    select week_on, {{ add_days('week_on', 7) }} as next_week_on
    from {{ ref('dim_activity_date') }}
    group by week_on

),

reach as (

    select max(data_through_at) as high_water_at from {{ ref('dim_activity_date') }}

),

cells as (

    select
        features.feature_id, features.entitled_plans, features.flag_id, weeks.week_on, weeks.next_week_on,
        coalesce(features.released_on, weeks.week_on) as open_on,
        coalesce(features.retired_on, weeks.next_week_on) as shut_on,
        coalesce(features.released_on < weeks.next_week_on, true)
            and coalesce(features.retired_on > weeks.week_on, true) as is_released
    from {{ ref('dim_feature') }} as features
    cross join weeks

),

uses as (

    select
        person_id, account_id, feature_id, {{ week_of('activity_on') }} as week_on,
        sum(event_count) as event_count, max(is_countable) as is_countable
    from {{ ref('fct_person_feature_day') }}
    where feature_id <> 'none'
    group by person_id, account_id, feature_id, {{ week_of('activity_on') }}

),

user_weeks as (

    select
        feature_id, person_id, week_on,
        row_number() over (partition by feature_id, person_id order by week_on) as use_number
    from uses
    where is_countable
    group by feature_id, person_id, week_on

),

stages as (

    select
        feature_id, week_on,
        count(*) as person_count,
        sum(case when use_number = 1 then 1 else 0 end) as first_count,
        sum(case when use_number = 2 then 1 else 0 end) as second_count
    from user_weeks
    group by feature_id, week_on

),

volumes as (

    select
        feature_id, week_on,
        sum(event_count) as event_count,
        count(distinct case when is_countable then account_id end) as account_count,
        count(distinct person_id) as person_count
    from uses
    group by feature_id, week_on

),

entitled as (

    select
        cells.feature_id, cells.week_on,
        count(distinct plan_weeks.person_id) as entitled_count,
        count(distinct user_weeks.person_id) as reached_count
    from cells
    inner join {{ ref('fct_person_week') }} as plan_weeks
        on plan_weeks.week_on = cells.week_on
        and plan_weeks.last_on >= cells.open_on and plan_weeks.first_on < cells.shut_on
        and coalesce({{ json_array_has('cells.entitled_plans', 'plan_weeks.plan') }}, true)
    {{ left_join_flags('cells', 'plan_weeks') }}
    left join user_weeks
        on user_weeks.feature_id = cells.feature_id and user_weeks.week_on = cells.week_on
        and user_weeks.person_id = plan_weeks.person_id
    where cells.flag_id is null or switched.person_id is not null
    group by cells.feature_id, cells.week_on

)

select
    cells.feature_id, cells.week_on, cells.is_released,
    coalesce(entitled.entitled_count, 0) as entitled_active_person_count,
    coalesce(stages.person_count, 0) as feature_person_count,
    coalesce(volumes.account_count, 0) as feature_account_count,
    cast(coalesce(stages.first_count, 0) as bigint) as first_use_person_count,
    cast(sum(coalesce(stages.second_count, 0)) over (partition by cells.feature_id order by cells.week_on) as bigint)
        as repeated_person_count,
    cast(coalesce(volumes.event_count, 0) as bigint) as event_count,
    coalesce(entitled.reached_count, 0) as reach_num,
    coalesce(entitled.entitled_count, 0) as reach_den,
    {{ rate('entitled.reached_count', 'entitled.entitled_count') }} as reach_rate,
    coalesce(volumes.person_count, 0) - coalesce(stages.person_count, 0) as excluded_person_count,
    reach.high_water_at >= {{ day_over_at(add_days('cells.week_on', 6)) }} as is_complete,
    {{ least_of('reach.high_water_at', day_over_at(add_days('cells.week_on', 6))) }} as data_through_at,
    2 as definition_version
from cells
cross join reach
left join stages on stages.feature_id = cells.feature_id and stages.week_on = cells.week_on
left join volumes on volumes.feature_id = cells.feature_id and volumes.week_on = cells.week_on
left join entitled on entitled.feature_id = cells.feature_id and entitled.week_on = cells.week_on
