with

days as (

    select
        windows.window_no, assigned.unit_id, windows.from_day, assigned.first_exposed_on,
        -- All that is the same on every day of a unit, in one number.
        assigned.bucket * 128 + assigned.arm_no * 2 + case when assigned.is_crossover then 1 else 0 end as traits,
        {{ days_between('assigned.first_exposed_on', 'days.activity_on') }} as day_no
        {%- for measure in unit_measures() %}, days.{{ measure }}{% endfor %}
    from {{ ref('fct_assignment') }} as assigned
    inner join {{ ref('dim_metric_window') }} as windows on windows.experiment_id = assigned.experiment_id
    inner join {{ ref('fct_unit_day') }} as days
        on days.unit_id = assigned.unit_id and days.unit_type = assigned.unit_type
        and days.activity_on >= {{ add_days('assigned.first_exposed_on', '-windows.cuped_days') }}
        and days.activity_on <= {{ add_days('assigned.first_exposed_on', 'windows.to_day') }}

),

totals as (

    select
        window_no, unit_id, min(traits) as traits, min(first_exposed_on) as first_exposed_on
        {%- for measure in unit_measures() %},
        sum(case when day_no >= from_day then cast({{ measure }} as double) else 0.0 end) as {{ measure }}_after,
        sum(case when day_no < 0 then cast({{ measure }} as double) else 0.0 end) as {{ measure }}_before
        {%- endfor %}
    from days
    group by window_no, unit_id

)

select
    totals.window_no, windows.experiment_id, windows.from_day, windows.to_day, totals.unit_id,
    cast(floor(totals.traits / 2) as bigint) % 64 as arm_no, cast(floor(totals.traits / 128) as bigint) as bucket,
    totals.traits % 2 = 1 as is_crossover, totals.first_exposed_on,
    totals.first_exposed_on < windows.late_from_on as is_early
    {%- for measure in unit_measures() %}, totals.{{ measure }}_after, totals.{{ measure }}_before{% endfor %}
from totals
inner join {{ ref('dim_metric_window') }} as windows on windows.window_no = totals.window_no
