with

windows as (

    select metrics.experiment_id, metrics.from_day, metrics.to_day, max(plans.cuped_days) as cuped_days
    from {{ ref('bridge_experiment_metric') }} as metrics
    inner join {{ ref('dim_trial') }} as plans on plans.experiment_id = metrics.experiment_id
    group by metrics.experiment_id, metrics.from_day, metrics.to_day

),

days as (

    select
        assigned.experiment_id, windows.from_day, windows.to_day, assigned.unit_id,
        {{ days_between('assigned.first_exposed_on', 'days.activity_on') }} as day_no
        {%- for measure in unit_measures() %}, days.{{ measure }}{% endfor %}
    from {{ ref('fct_assignment') }} as assigned
    inner join windows on windows.experiment_id = assigned.experiment_id
    inner join {{ ref('fct_unit_day') }} as days
        on days.unit_id = assigned.unit_id and days.unit_type = assigned.unit_type
        and days.activity_on >= {{ add_days('assigned.first_exposed_on', '-windows.cuped_days') }}
        and days.activity_on <= {{ add_days('assigned.first_exposed_on', 'windows.to_day') }}

)

select
    experiment_id, from_day, to_day, unit_id
    {%- for measure in unit_measures() %},
    sum(case when day_no >= from_day then cast({{ measure }} as double) else 0.0 end) as {{ measure }}_after,
    sum(case when day_no < 0 then cast({{ measure }} as double) else 0.0 end) as {{ measure }}_before
    {%- endfor %}
from days
group by experiment_id, from_day, to_day, unit_id
