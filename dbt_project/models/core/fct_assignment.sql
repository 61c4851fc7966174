with

exposures as (

    select
        exposures.experiment_id, exposures.unit_type, exposures.unit_id, exposures.exposed_at, exposures.exposed_on,
        variations.arm_no,
        -- Moment and arm in one number, so that the first exposure is a plain minimum. It holds until the year 6500.
        {{ epoch_micros('exposures.exposed_at') }} * 64 + variations.arm_no as moment_and_arm
    from {{ ref('fct_exposure') }} as exposures
    inner join {{ ref('dim_trial') }} as plans
        on plans.experiment_id = exposures.experiment_id
        and exposures.exposed_on >= plans.starts_on
        and (plans.ends_on is null or exposures.exposed_on <= plans.ends_on)
    inner join {{ ref('dim_experiment_variation') }} as variations
        on variations.experiment_id = exposures.experiment_id and variations.variation_id = exposures.variation_id
    where
        exposures.is_countable and exposures.unit_id <> 'unknown'
        and exposures.exposed_on < cast('6000-01-01' as date)

),

first_exposures as (

    select
        experiment_id, unit_type, unit_id,
        min(moment_and_arm) % 64 as arm_no,
        min(exposed_at) as first_exposed_at,
        min(exposed_on) as first_exposed_on,
        min(arm_no) <> max(arm_no) as is_crossover,
        count(*) as exposure_count
    from exposures
    group by experiment_id, unit_type, unit_id
    union all
    -- Whoever is active stands for whoever would have been exposed.
    select
        trials.experiment_id, trials.unit_type, days.person_id, 0, cast(min(days.activity_on) as timestamp),
        min(days.activity_on), false, count(*)
    from {{ ref('dim_trial') }} as trials
    inner join {{ ref('fct_person_day') }} as days
        on days.activity_on between trials.starts_on and trials.ends_on and days.is_countable
    where trials.is_baseline
    group by trials.experiment_id, trials.unit_type, days.person_id

)

select
    experiment_id, unit_type, unit_id, cast(arm_no as bigint) as arm_no, first_exposed_at, first_exposed_on, is_crossover,
    exposure_count, {{ bucket_of('unit_id', 'experiment_id', 100) }} as bucket
from first_exposures
