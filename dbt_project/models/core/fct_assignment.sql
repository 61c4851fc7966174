with

-- A number stands for each experiment, and a bit for each arm: units are many, and texts and lists wide.
arms as (

    select
        trials.experiment_id, trials.unit_type, trials.starts_on, trials.ends_on, variations.variation_id, variations.arm_no,
        dense_rank() over (order by trials.experiment_id) as experiment_no,
        cast(power(2, variations.arm_no) as bigint) as arm_bit
    from {{ ref('dim_trial') }} as trials
    inner join {{ ref('dim_experiment_variation') }} as variations on variations.experiment_id = trials.experiment_id

),

exposures as (

    select
        arms.experiment_no, arms.arm_bit, exposures.unit_id, exposures.exposed_on,
        -- Moment and arm in one number, so that the first exposure is a plain minimum. It holds until the year 6500.
        {{ epoch_micros('exposures.exposed_at') }} * 64 + arms.arm_no as moment_and_arm
    from {{ ref('fct_exposure') }} as exposures
    inner join arms
        on arms.experiment_id = exposures.experiment_id and arms.variation_id = exposures.variation_id
        and exposures.exposed_on >= arms.starts_on
        and (arms.ends_on is null or exposures.exposed_on <= arms.ends_on)
    where
        exposures.is_countable and exposures.unit_id <> 'unknown'
        and exposures.exposed_on < cast('6000-01-01' as date)

),

grouped as (

    select
        experiment_no, unit_id, min(moment_and_arm) as first_moment_and_arm, min(exposed_on) as first_exposed_on,
        bit_or(arm_bit) as arm_bits, count(*) as exposure_count
    from exposures
    group by experiment_no, unit_id

),

first_exposures as (

    select
        experiments.experiment_id, experiments.unit_type, grouped.unit_id,
        grouped.first_moment_and_arm % 64 as arm_no,
        {{ from_epoch_micros('cast((grouped.first_moment_and_arm - grouped.first_moment_and_arm % 64) / 64 as bigint)') }} as first_exposed_at,
        grouped.first_exposed_on,
        grouped.arm_bits <> cast(power(2, grouped.first_moment_and_arm % 64) as bigint) as is_crossover,
        grouped.exposure_count
    from grouped
    inner join (select distinct experiment_no, experiment_id, unit_type from arms) as experiments
        on experiments.experiment_no = grouped.experiment_no
    {%- for unit_type in ['person', 'account'] %}
    union all
    -- Whoever is active stands for whoever would have been exposed.
    select
        trials.experiment_id, trials.unit_type, days.{{ unit_type }}_id, 0, cast(min(days.activity_on) as timestamp),
        min(days.activity_on), false, count(*)
    from {{ ref('dim_trial') }} as trials
    inner join {{ ref('fct_person_day') }} as days
        on days.activity_on between trials.starts_on and trials.ends_on
        and days.is_countable and days.{{ unit_type }}_id <> 'unknown'
    where trials.is_baseline and trials.unit_type = '{{ unit_type }}'
    group by trials.experiment_id, trials.unit_type, days.{{ unit_type }}_id
    {%- endfor %}

)

select
    experiment_id, unit_type, unit_id, cast(arm_no as bigint) as arm_no, first_exposed_at, first_exposed_on, is_crossover,
    exposure_count, {{ bucket_of('unit_id', 'experiment_id', 100) }} as bucket
from first_exposures
