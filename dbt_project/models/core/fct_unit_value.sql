{{ config(materialized='view') }}
select
    assigned.experiment_id, metrics.metric_id, metrics.role, metrics.cap_quantile, assigned.unit_id, assigned.arm_no,
    assigned.bucket, assigned.is_crossover,
    assigned.first_exposed_on < windows.late_from_on as is_early,
    {{ add_days('assigned.first_exposed_on', 'metrics.to_day') }} as mature_on,
    {{ is_of_feature('metrics') }} as is_of_feature,
    {%- for variable, side in [('y', 'after'), ('x', 'before')] %}
    case
        when metrics.kind <> 'proportion' then {{ measured('metrics.numerator', side) }}
        when {{ measured('metrics.numerator', side) }} > 0 then 1.0
        else 0.0
    end as {{ variable }},
    {%- endfor %}
    {%- for variable, side in [('d', 'after'), ('w', 'before')] %}
    case when metrics.kind = 'ratio' then {{ measured('metrics.denominator', side) }} else 1.0 end as {{ variable }}
    {{- ',' if not loop.last }}
    {%- endfor %}
from {{ ref('fct_assignment') }} as assigned
inner join {{ ref('bridge_experiment_metric') }} as metrics
    on metrics.experiment_id = assigned.experiment_id and metrics.kind <> 'quantile'
inner join {{ ref('dim_metric_window') }} as windows
    on windows.experiment_id = metrics.experiment_id and windows.from_day = metrics.from_day
    and windows.to_day = metrics.to_day
left join {{ ref('fct_unit_total') }} as totals
    on totals.window_no = windows.window_no and totals.unit_id = assigned.unit_id
left join {{ ref('fct_unit_use') }} as uses
    on uses.experiment_id = assigned.experiment_id and uses.unit_id = assigned.unit_id
    and uses.from_day = metrics.from_day and uses.to_day = metrics.to_day and uses.measure = metrics.numerator
left join {{ ref('fct_unit_use') }} as base_uses
    on base_uses.experiment_id = assigned.experiment_id and base_uses.unit_id = assigned.unit_id
    and base_uses.from_day = metrics.from_day and base_uses.to_day = metrics.to_day
    and base_uses.measure = metrics.denominator
