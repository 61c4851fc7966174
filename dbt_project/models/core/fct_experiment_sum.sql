{%- set bases = [
    ['main', '1 = 1'],
    ['uncapped', "role = 'primary' and cap_quantile is not null"],
    ['without_crossovers', "role = 'primary' and not is_crossover"],
    ['early', "role = 'primary' and is_early"],
    ['late', "role = 'primary' and not is_early"],
] -%}
with

mature as (

    select looks.look_no, unit_values.*
    from {{ ref('fct_unit_value') }} as unit_values
    inner join {{ ref('dim_experiment_look') }} as looks
        on looks.experiment_id = unit_values.experiment_id and looks.look_on >= unit_values.mature_on

),

capped as (

    select
        mature.experiment_id, mature.look_no, mature.metric_id, mature.role, mature.cap_quantile, mature.arm_no,
        mature.bucket, mature.is_crossover, mature.is_early
        {%- for variable in metric_variables() %},
        mature.{{ variable }} as raw_{{ variable }},
        case
            when mature.{{ variable }} > caps.{{ variable }}_high then caps.{{ variable }}_high
            when mature.{{ variable }} < caps.{{ variable }}_low then caps.{{ variable }}_low
            else mature.{{ variable }}
        end as {{ variable }}
        {%- endfor %}
    from mature
    left join {{ ref('fct_experiment_cap') }} as caps
        on caps.experiment_id = mature.experiment_id and caps.look_no = mature.look_no
        and caps.metric_id = mature.metric_id

),

-- Sums are of distances from this: sums of squares of large values would lose all their digits.
shifts as (

    select
        experiment_id, look_no, metric_id
        {%- for variable in metric_variables() %}, avg({{ variable }}) as shift_{{ variable }}{% endfor %}
    from capped
    group by experiment_id, look_no, metric_id

),

centred as (

    {% for basis, condition in bases %}
    select
        '{{ basis }}' as basis, capped.experiment_id, capped.look_no, capped.metric_id, capped.arm_no, capped.bucket,
        {%- for variable in metric_variables() %}
        {%- set value = ('capped.raw_' if basis == 'uncapped' else 'capped.') ~ variable %}
        shifts.shift_{{ variable }}, {{ value }} - shifts.shift_{{ variable }} as {{ variable }},
        {%- endfor %}
        {{ 'capped.raw_y' if basis == 'uncapped' else 'capped.y' }} as value
    from capped
    inner join shifts
        on shifts.experiment_id = capped.experiment_id and shifts.look_no = capped.look_no
        and shifts.metric_id = capped.metric_id
    where {{ condition }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    experiment_id, look_no, metric_id, basis, arm_no, bucket,
    count(*) as unit_count,
    cast(sum(case when value <> 0 then 1 else 0 end) as bigint) as nonzero_count
    {%- for variable in metric_variables() %}, max(shift_{{ variable }}) as shift_{{ variable }}, sum({{ variable }}) as s_{{ variable }}{% endfor %}
    {%- for a, b in variable_pairs() %}, sum({{ a }} * {{ b }}) as q_{{ a }}{{ b }}{% endfor %},
    sum(y * y * y) as c_yyy,
    max(y * y) as largest_yy
from centred
group by experiment_id, look_no, metric_id, basis, arm_no, bucket
