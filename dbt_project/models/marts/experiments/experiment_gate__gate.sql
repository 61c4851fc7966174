select
    gates.experiment_id, gates.look_no, states.look_on, states.is_latest, gates.gate, gates.status, gates.words,
    gates.observed, gates.threshold,
    coalesce(reach.is_complete, false) and states.is_planned as is_complete,
    reach.data_through_at,
    1 as definition_version
from {{ ref('fct_experiment_gate') }} as gates
inner join {{ ref('fct_experiment_state') }} as states
    on states.experiment_id = gates.experiment_id and states.look_no = gates.look_no
left join {{ ref('dim_activity_date') }} as reach on reach.day_on = states.look_on
