with

listed as (

    {{ json_field_rows(ref('dim_experiment'), ['experiment_id'], 'plan', 'looks', 'look', 'is_analysable') }}

),

planned as (

    select
        experiment_id, cast(look as date) as look_on,
        row_number() over (partition by experiment_id order by cast(look as date)) as look_no,
        count(*) over (partition by experiment_id) as look_count
    from listed

),

reach as (

    select max(day_on) as through_on from {{ ref('dim_activity_date') }} where is_complete

),

passed as (

    select planned.experiment_id, planned.look_no, planned.look_on, planned.look_count, true as is_planned
    from planned
    inner join reach on planned.look_on <= reach.through_on

),

-- While an experiment runs, its state of today is kept apart from the looks that decide.
between_looks as (

    select
        plans.experiment_id, 0 as look_no, reach.through_on as look_on, max(planned.look_count) as look_count,
        false as is_planned
    from {{ ref('dim_experiment') }} as plans
    inner join planned on planned.experiment_id = plans.experiment_id
    inner join reach on reach.through_on >= plans.starts_on
    group by plans.experiment_id, reach.through_on
    having max(planned.look_on) > reach.through_on

)

select experiment_id, look_no, look_on, look_count, is_planned from passed
union all
select experiment_id, look_no, look_on, look_count, is_planned from between_looks
union all
select trials.experiment_id, 1, reach.through_on, 1, true
from {{ ref('dim_trial') }} as trials
cross join reach
where trials.is_baseline
