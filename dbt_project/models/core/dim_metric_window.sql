select
    row_number() over (order by metrics.experiment_id, metrics.from_day, metrics.to_day) as window_no,
    metrics.experiment_id, metrics.from_day, metrics.to_day, max(plans.cuped_days) as cuped_days,
    max({{ add_days('plans.starts_on', 'cast(floor((' ~ days_between('plans.starts_on', 'plans.ends_on') ~ ' + 1) / 2) as bigint)') }}) as late_from_on
from {{ ref('bridge_experiment_metric') }} as metrics
inner join {{ ref('dim_trial') }} as plans on plans.experiment_id = metrics.experiment_id
group by metrics.experiment_id, metrics.from_day, metrics.to_day
