with

planned as (

    select source, experiment_id, batch_id, delivered_on, {{ experiment_plan('spec', 'name') }} as plan
    from {{ ref('stg_experiment_versions') }}
    where spec is not null

)

select
    source, experiment_id, batch_id, delivered_on, plan,
    {{ json_text('plan', 'prereg_hash') }} as prereg_hash
from planned
