select
    experiment_id, first_exposed_on, arm_no, count(*) as unit_count,
    cast(sum(case when is_crossover then 1 else 0 end) as bigint) as crossover_count
from {{ ref('fct_assignment') }}
group by experiment_id, first_exposed_on, arm_no
