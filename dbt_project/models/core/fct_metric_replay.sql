{%- set splits, most_units = 400, 10000 -%}
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

),

-- Not more units than it takes: a bucket is a sample.
units as (

    select
        unit_values.metric_id, unit_values.experiment_id, unit_values.unit_id,
        case
            when unit_values.y > caps.y_high then caps.y_high
            when unit_values.y < caps.y_low then caps.y_low
            else unit_values.y
        end as y,
        case
            when unit_values.d > caps.d_high then caps.d_high
            when unit_values.d < caps.d_low then caps.d_low
            else unit_values.d
        end as d
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

),

shifts as (

    select metric_id, avg(y) as shift_y, avg(d) as shift_d from units group by metric_id

),

-- Every hexadecimal digit of a hash is four fair coins: one for each of four splits.
coins as (

    select
        units.metric_id, units.experiment_id, units.y - shifts.shift_y as y, units.d - shifts.shift_d as d,
        {%- for part in range(4) %}
        md5(units.unit_id || ':replay:{{ part }}'){{ ' || ' if not loop.last }}
        {%- endfor %} as digits
    from units
    inner join shifts on shifts.metric_id = units.metric_id

),

digit_numbers as (

    {% for number in range(splits // 4) %}
    select {{ number }} as digit_no{{ ' union all' if not loop.last }}
    {%- endfor %}

),

thrown as (

    select
        coins.metric_id, coins.experiment_id, digit_numbers.digit_no, coins.y, coins.d,
        position(substr(coins.digits, digit_numbers.digit_no + 1, 1) in '0123456789abcdef') - 1 as digit
    from coins
    cross join digit_numbers

),

-- Units with the same digit share all four coins: they are added up first.
by_digit as (

    select
        metric_id, experiment_id, digit_no, digit, count(*) as n, sum(y) as s_y, sum(d) as s_d,
        sum(y * y) as q_yy, sum(d * d) as q_dd, sum(y * d) as q_yd
    from thrown
    group by metric_id, experiment_id, digit_no, digit

),

arms as (

    {% for coin in [1, 2, 4, 8] %}
    select
        metric_id, experiment_id, digit_no * 4 + {{ loop.index0 }} as split_no, cast(floor(digit / {{ coin }}) as bigint) % 2 as arm_no,
        sum(n) as n, sum(s_y) as s_y, sum(s_d) as s_d, sum(q_yy) as q_yy, sum(q_dd) as q_dd, sum(q_yd) as q_yd
    from by_digit
    group by metric_id, experiment_id, digit_no, cast(floor(digit / {{ coin }}) as bigint) % 2
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

listed as (

    select
        arms.metric_id, min(arms.experiment_id) as experiment_id,
        {{ metric_replay('arms', 'shifts') }} as replay
    from arms
    inner join shifts on shifts.metric_id = arms.metric_id
    group by arms.metric_id

)

select
    listed.metric_id, listed.experiment_id, sizes.unit_count,
    cast({{ json_text('listed.replay', 'split_count') }} as bigint) as split_count,
    cast({{ json_text('listed.replay', 'false_positive_count') }} as bigint) as false_positive_count,
    cast({{ json_text('listed.replay', 'least') }} as bigint) as least_count,
    cast({{ json_text('listed.replay', 'most') }} as bigint) as most_count,
    cast({{ json_text('listed.replay', 'ks_p') }} as double) as ks_p,
    {{ json_text('listed.replay', 'verdict') }} as verdict,
    coalesce({{ json_text('listed.replay', 'verdict') }} in ('false_alarms', 'dull', 'uneven'), false) as is_unsound
from listed
inner join sizes on sizes.metric_id = listed.metric_id and sizes.size_rank = 1
