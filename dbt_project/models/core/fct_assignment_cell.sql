select
    experiment_id, arm_no, bucket, is_crossover, first_exposed_on, count(*) as unit_count
from {{ ref('fct_assignment') }}
group by experiment_id, arm_no, bucket, is_crossover, first_exposed_on
