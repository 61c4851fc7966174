with

units as (

    select
        windows.window_no, assigned.unit_type, assigned.unit_id, assigned.first_exposed_on,
        {{ add_days('assigned.first_exposed_on', '-windows.cuped_days') }} as covariate_from_on,
        {{ add_days('assigned.first_exposed_on', 'windows.from_day') }} as window_from_on,
        {{ add_days('assigned.first_exposed_on', 'windows.to_day') }} as window_to_on,
        -- All that is the same on every day of a unit, in one number: it is carried through a sum of many rows.
        (({{ days_between("cast('0001-01-01' as date)", 'assigned.first_exposed_on') }}) * 128 + assigned.bucket) * 128
        + assigned.arm_no * 2 + case when assigned.is_crossover then 1 else 0 end as traits
    from {{ ref('fct_assignment') }} as assigned
    inner join {{ ref('dim_metric_window') }} as windows on windows.experiment_id = assigned.experiment_id

),

-- Half as many sums over days: what comes after and before is told apart by rows first.
sides as (

    select
        units.window_no, days.unit_id,
        case
            when days.activity_on >= units.window_from_on then 1
            when days.activity_on < units.first_exposed_on then -1
            else 0
        end as side,
        min(units.traits) as traits
        {%- for measure in unit_measures() %},
        sum(cast(days.{{ measure }} as double)) as {{ measure }}
        {%- endfor %}
    from units
    inner join {{ ref('fct_unit_day') }} as days
        on days.unit_id = units.unit_id and days.unit_type = units.unit_type
        and days.activity_on >= units.covariate_from_on and days.activity_on <= units.window_to_on
    group by
        units.window_no, days.unit_id,
        case
            when days.activity_on >= units.window_from_on then 1
            when days.activity_on < units.first_exposed_on then -1
            else 0
        end

),

totals as (

    select
        window_no, unit_id, min(traits) as traits
        {%- for measure in unit_measures() %}{% for name, side in [('after', 1), ('before', -1)] %},
        sum(case when side = {{ side }} then {{ measure }} else 0.0 end) as {{ measure }}_{{ name }}
        {%- endfor %}{% endfor %}
    from sides
    group by window_no, unit_id

),

known as (

    select
        *, traits % 2 = 1 as is_crossover, cast(floor(traits / 2) as bigint) % 64 as arm_no,
        cast(floor(traits / 128) as bigint) % 128 as bucket,
        {{ add_days("cast('0001-01-01' as date)", 'cast(floor(traits / 16384) as bigint)') }} as first_exposed_on
    from totals

)

select
    known.window_no, windows.experiment_id, windows.from_day, windows.to_day, known.unit_id, known.arm_no, known.bucket,
    known.is_crossover, known.first_exposed_on, known.first_exposed_on < windows.late_from_on as is_early
    {%- for measure in unit_measures() %}, known.{{ measure }}_after, known.{{ measure }}_before{% endfor %}
from known
inner join {{ ref('dim_metric_window') }} as windows on windows.window_no = known.window_no
