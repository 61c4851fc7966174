{#- What is the same on every day of a unit, in one number: it is carried through a sum of many rows. -#}
{%- set epoch = "cast('0001-01-01' as date)" -%}
with

{% for unit_type in ['person', 'account'] -%}
{{ unit_type }}_units as (

    select
        windows.window_no, assigned.unit_id, assigned.first_exposed_on, windows.from_day, windows.to_day,
        -windows.cuped_days as covariate_from_day,
        (({{ days_between(epoch, 'assigned.first_exposed_on') }}) * 128 + assigned.bucket) * 128
        + assigned.arm_no * 2 + case when assigned.is_crossover then 1 else 0 end as traits
    from {{ ref('fct_assignment') }} as assigned
    inner join {{ ref('dim_metric_window') }} as windows on windows.experiment_id = assigned.experiment_id
    where assigned.unit_type = '{{ unit_type }}'

),

-- Units are found by their id alone, and days chosen afterwards: a join of one column is much faster.
{{ unit_type }}_days as (

    select
        units.window_no, days.unit_id, units.traits, units.from_day, units.to_day, units.covariate_from_day,
        {{ days_between('units.first_exposed_on', 'days.activity_on') }} as day_no
        {%- for measure in unit_measures() %}, cast(days.{{ measure }} as double) as {{ measure }}{% endfor %}
    from {{ ref('fct_unit_day') }} as days
    inner join {{ unit_type }}_units as units on units.unit_id = days.unit_id
    where days.unit_type = '{{ unit_type }}'

),

{% endfor -%}
-- On which side of the first exposure a day lies, as a factor: a product costs less than a choice.
sides as (

    {% for unit_type in ['person', 'account'] -%}
    select
        *, {{ one_where('day_no >= from_day') }} as is_after, {{ one_where('day_no < 0') }} as is_before
    from {{ unit_type }}_days
    where day_no >= covariate_from_day and day_no <= to_day
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

totals as (

    select
        window_no, unit_id, min(traits) as traits
        {%- for measure in unit_measures() %}{% for side in ['after', 'before'] %},
        sum({{ measure }} * is_{{ side }}) as {{ measure }}_{{ side }}
        {%- endfor %}{% endfor %}
    from sides
    group by window_no, unit_id

),

known as (

    select
        *, traits % 2 = 1 as is_crossover, cast(floor(traits / 2) as bigint) % 64 as arm_no,
        cast(floor(traits / 128) as bigint) % 128 as bucket,
        {{ add_days(epoch, 'cast(floor(traits / 16384) as bigint)') }} as first_exposed_on
    from totals

)

select
    known.window_no, windows.experiment_id, windows.from_day, windows.to_day, known.unit_id, known.arm_no, known.bucket,
    known.is_crossover, known.first_exposed_on, known.first_exposed_on < windows.late_from_on as is_early
    {%- for measure in unit_measures() %}, known.{{ measure }}_after, known.{{ measure }}_before{% endfor %}
from known
inner join {{ ref('dim_metric_window') }} as windows on windows.window_no = known.window_no
-- Units of a bucket lie together: the sample that shifts are taken from is read alone, and sums find their groups near.
order by known.window_no, known.bucket
