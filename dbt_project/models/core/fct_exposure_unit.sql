{{ config(materialized='view') }}
with

-- Those whom nothing names are many, not one who saw it all.
ranked as (

    select
        experiment_id, unit_type, unit_id, source, exposure_id, variation_id, exposed_at, exposed_on,
        row_number() over (
            partition by experiment_id, unit_id order by exposed_at, source, exposure_id
        ) as exposure_rank,
        min(variation_id) over (partition by experiment_id, unit_id)
        <> max(variation_id) over (partition by experiment_id, unit_id) as is_crossover
    from {{ ref('fct_exposure') }}
    where is_countable and unit_id <> 'unknown'

)

select
    experiment_id, unit_type, unit_id, source, exposure_id, variation_id,
    exposed_at as first_exposed_at, exposed_on as first_exposed_on, is_crossover
from ranked
where exposure_rank = 1
