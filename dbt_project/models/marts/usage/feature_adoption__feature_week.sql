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
        features.feature_id, weeks.week_on,
        coalesce(features.released_on < weeks.next_week_on, true)
            and coalesce(features.retired_on > weeks.week_on, true) as is_released
    from {{ ref('dim_feature') }} as features
    cross join weeks

),

begun as (

    select feature_id, first_week_on as week_on, count(*) as person_count
    from {{ ref('fct_person_feature') }}
    group by feature_id, first_week_on

),

repeated as (

    select feature_id, second_week_on as week_on, count(*) as person_count
    from {{ ref('fct_person_feature') }}
    group by feature_id, second_week_on

)

select
    cells.feature_id, cells.week_on, cells.is_released,
    coalesce(facts.entitled_person_count, 0) as entitled_active_person_count,
    coalesce(facts.person_count, 0) as feature_person_count,
    coalesce(facts.account_count, 0) as feature_account_count,
    coalesce(begun.person_count, 0) as first_use_person_count,
    cast(sum(coalesce(repeated.person_count, 0)) over (partition by cells.feature_id order by cells.week_on) as bigint)
        as repeated_person_count,
    coalesce(facts.event_count, 0) as event_count,
    coalesce(facts.reached_person_count, 0) as reach_num,
    coalesce(facts.entitled_person_count, 0) as reach_den,
    {{ rate('facts.reached_person_count', 'facts.entitled_person_count') }} as reach_rate,
    coalesce(facts.excluded_person_count, 0) as excluded_person_count,
    reach.high_water_at >= {{ day_over_at(add_days('cells.week_on', 6)) }} as is_complete,
    {{ least_of('reach.high_water_at', day_over_at(add_days('cells.week_on', 6))) }} as data_through_at,
    2 as definition_version
from cells
cross join reach
left join {{ ref('fct_feature_week') }} as facts on facts.feature_id = cells.feature_id and facts.week_on = cells.week_on
left join begun on begun.feature_id = cells.feature_id and begun.week_on = cells.week_on
left join repeated on repeated.feature_id = cells.feature_id and repeated.week_on = cells.week_on
