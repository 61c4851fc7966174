{%- set most_units = 10000 -%}
with

-- The latest look with the most units says best how a metric behaves.
sizes as (

    select
        unit_values.metric_id, unit_values.experiment_id, count(*) as unit_count,
        row_number() over (
            partition by unit_values.metric_id order by count(*) desc, unit_values.experiment_id
        ) as size_rank
    from {{ ref('fct_unit_value') }} as unit_values
    inner join (
        select experiment_id, max(look_on) as look_on from {{ ref('dim_experiment_look') }} group by experiment_id
    ) as looks
        on looks.experiment_id = unit_values.experiment_id and looks.look_on >= unit_values.mature_on
    group by unit_values.metric_id, unit_values.experiment_id

),

caps as (

    select
        sums.metric_id, sums.experiment_id, sums.y_low, sums.y_high, sums.d_low, sums.d_high,
        row_number() over (partition by sums.metric_id, sums.experiment_id order by sums.look_on desc) as look_rank
    from {{ ref('fct_experiment_cap') }} as sums

)

-- Not more units than it takes: a bucket is a sample.
select
    unit_values.metric_id, unit_values.experiment_id, unit_values.unit_id,
    {{ within('unit_values.y', 'caps.y_low', 'caps.y_high') }} as y,
    {{ within('unit_values.d', 'caps.d_low', 'caps.d_high') }} as d
from {{ ref('fct_unit_value') }} as unit_values
inner join sizes
    on sizes.metric_id = unit_values.metric_id and sizes.experiment_id = unit_values.experiment_id
    and sizes.size_rank = 1 and unit_values.bucket * sizes.unit_count < {{ 100 * most_units }}
inner join (
    select experiment_id, max(look_on) as look_on from {{ ref('dim_experiment_look') }} group by experiment_id
) as looks
    on looks.experiment_id = unit_values.experiment_id and looks.look_on >= unit_values.mature_on
left join caps
    on caps.metric_id = unit_values.metric_id and caps.experiment_id = unit_values.experiment_id
    and caps.look_rank = 1
