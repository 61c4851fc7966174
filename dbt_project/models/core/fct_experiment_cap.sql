{%- set shares = distinct_values(ref('bridge_experiment_metric'), 'cap_quantile') -%}
with

mature as (

    select looks.look_no, looks.look_on, unit_values.*
    from {{ ref('fct_unit_value') }} as unit_values
    inner join {{ ref('dim_experiment_look') }} as looks
        on looks.experiment_id = unit_values.experiment_id and looks.look_on >= unit_values.mature_on
    where unit_values.cap_quantile is not null

)

-- Of all arms together: of each arm on its own caps would differ by chance, and a test of five per
-- cent would be one of ten.
select
    experiment_id, look_no, metric_id, look_on, cap_quantile
    {%- for variable in metric_variables() %},
    {{ percentile_of(variable, 'cap_quantile', shares, true) }} as {{ variable }}_low,
    {{ percentile_of(variable, 'cap_quantile', shares, false) }} as {{ variable }}_high
    {%- endfor %}
from mature
group by experiment_id, look_no, metric_id, look_on, cap_quantile
