with

horizon as (select max(case when is_complete then day_on end) as complete_on from {{ ref('dim_activity_date') }}),

criteria as (

    select criteria_id, coalesce(criteria_name, criteria_id) as criteria_name, criteria_version, feature_id,
        use_count, within_days
    from {{ ref('stg_activation_criteria') }}

),

-- Days that are not over are left out: who did it there has not done it yet.
uses as (

    select
        criteria.criteria_id, criteria.criteria_version, criteria.use_count, days.person_id, days.activity_on,
        sum(sum(days.event_count)) over (
            partition by criteria.criteria_id, criteria.criteria_version, days.person_id order by days.activity_on
        ) as used_count
    from {{ ref('fct_person_feature_day') }} as days
    cross join horizon
    inner join criteria on criteria.feature_id is null or criteria.feature_id = days.feature_id
    where days.is_countable and days.activity_on <= horizon.complete_on
    group by
        criteria.criteria_id, criteria.criteria_version, criteria.use_count, days.person_id, days.activity_on

),

reached as (

    select criteria_id, criteria_version, person_id, min(activity_on) as activated_on
    from uses
    where used_count >= use_count
    group by criteria_id, criteria_version, person_id

)

select
    criteria.criteria_id, criteria.criteria_version, people.person_id, criteria.criteria_name,
    criteria.within_days, people.first_active_on, reached.activated_on,
    {{ days_between('people.first_active_on', 'coalesce(reached.activated_on, horizon.complete_on)') }}
        as waited_day_count,
    coalesce({{ days_between('people.first_active_on', 'horizon.complete_on') }} >= criteria.within_days - 1, false)
        as is_mature,
    coalesce({{ days_between('people.first_active_on', 'reached.activated_on') }} < criteria.within_days, false)
        as is_activated_in_time
from {{ ref('dim_person') }} as people
cross join criteria
cross join horizon
left join reached
    on reached.criteria_id = criteria.criteria_id and reached.criteria_version = criteria.criteria_version
    and reached.person_id = people.person_id
where people.first_active_on is not null
