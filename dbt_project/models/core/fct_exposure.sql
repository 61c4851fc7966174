with

units as (select * from {{ ref('fct_exposure_unit') }}),

-- Those whom nothing names are many, not one who saw it all.
shown as (

    select
        experiment_id, unit_id, min(exposed_at) as first_exposed_at,
        min(variation_id) <> max(variation_id) as is_crossover
    from units
    where is_countable and unit_id <> 'unknown'
    group by experiment_id, unit_id

),

-- A unit's first exposures of one moment are few: only these need to be held against each other.
firsts as (

    select
        units.source, units.exposure_id, units.experiment_id, units.unit_id,
        row_number() over (
            partition by units.experiment_id, units.unit_id order by units.source, units.exposure_id
        ) as exposure_rank
    from units
    inner join shown
        on shown.experiment_id = units.experiment_id and shown.unit_id = units.unit_id
        and shown.first_exposed_at = units.exposed_at
    where units.is_countable

)

select
    units.source, units.exposure_id, units.experiment_id, units.variation_id, units.unit_type, units.unit_id,
    units.person_id, units.account_id, units.exposed_at,
    {{ local_date('units.exposed_at', 'units.unit_time_zone') }} as exposed_on,
    firsts.unit_id is not null as is_first,
    coalesce(shown.is_crossover, false) as is_crossover,
    units.is_countable, units.exclusion_reason
from units
left join firsts
    on firsts.exposure_rank = 1 and firsts.experiment_id = units.experiment_id and firsts.unit_id = units.unit_id
    and firsts.source = units.source and firsts.exposure_id = units.exposure_id
left join shown
    on shown.experiment_id = units.experiment_id and shown.unit_id = units.unit_id
