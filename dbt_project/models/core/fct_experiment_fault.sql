with

plans as (

    select experiment_id, starts_on, ends_on from {{ ref('dim_experiment') }} where is_analysable

),

exposures as (

    select
        plans.experiment_id,
        count(*) as exposure_count,
        cast(sum(case when exposures.exposed_on < plans.starts_on then 1 else 0 end) as bigint) as before_start_count,
        cast(sum(case when exposures.exposed_on > plans.ends_on then 1 else 0 end) as bigint) as after_end_count,
        cast(sum(case when variations.variation_id is null then 1 else 0 end) as bigint) as unknown_variation_count,
        cast(sum(case when exposures.unit_id = 'unknown' then 1 else 0 end) as bigint) as nobody_count
    from plans
    inner join {{ ref('fct_exposure') }} as exposures
        on exposures.experiment_id = plans.experiment_id and exposures.is_countable
    left join {{ ref('dim_experiment_variation') }} as variations
        on variations.experiment_id = exposures.experiment_id and variations.variation_id = exposures.variation_id
    group by plans.experiment_id

),

shared as (

    select unit_type, unit_id
    from {{ ref('fct_assignment') }}
    where experiment_id not in (select experiment_id from {{ ref('dim_trial') }} where is_baseline)
    group by unit_type, unit_id
    having count(*) > 1

),

overlapping as (

    select assigned.experiment_id, count(*) as unit_count
    from {{ ref('fct_assignment') }} as assigned
    inner join shared on shared.unit_type = assigned.unit_type and shared.unit_id = assigned.unit_id
    group by assigned.experiment_id

),

daily as (

    select days.day_on, coalesce(sum(active.value_event_count), 0) as event_count
    from {{ ref('dim_activity_date') }} as days
    left join {{ ref('fct_person_day') }} as active on active.activity_on = days.day_on
    where days.is_complete
    group by days.day_on

),

-- A day that lost nine tenths of what the same weekday had was not delivered.
missing as (

    select daily.day_on
    from daily
    inner join daily as earlier on earlier.day_on = {{ add_days('daily.day_on', -7) }}
    where earlier.event_count >= 50 and daily.event_count < earlier.event_count / 10.0

),

missing_days as (

    select plans.experiment_id, count(*) as day_count
    from plans
    inner join {{ ref('dim_experiment_look') }} as looks on looks.experiment_id = plans.experiment_id
    inner join missing on missing.day_on between plans.starts_on and looks.look_on
    where looks.look_no = 0 or looks.look_no = looks.look_count
    group by plans.experiment_id

)

select
    plans.experiment_id,
    coalesce(exposures.exposure_count, 0) as exposure_count,
    coalesce(exposures.before_start_count, 0) as before_start_count,
    coalesce(exposures.after_end_count, 0) as after_end_count,
    coalesce(exposures.unknown_variation_count, 0) as unknown_variation_count,
    coalesce(exposures.nobody_count, 0) as nobody_count,
    coalesce(overlapping.unit_count, 0) as overlapping_unit_count,
    coalesce(missing_days.day_count, 0) as missing_day_count
from plans
left join exposures on exposures.experiment_id = plans.experiment_id
left join overlapping on overlapping.experiment_id = plans.experiment_id
left join missing_days on missing_days.experiment_id = plans.experiment_id
