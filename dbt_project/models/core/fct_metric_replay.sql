{%- set splits = 400 -%}
with

shifts as (

    select metric_id, avg(y) as shift_y, avg(d) as shift_d from {{ ref('fct_replay_unit') }} group by metric_id

),

-- Every hexadecimal digit of a hash is four fair coins: one for each of four splits.
coins as (

    select
        units.metric_id, units.experiment_id, units.y - shifts.shift_y as y, units.d - shifts.shift_d as d,
        {%- for part in range(4) %}
        md5(units.unit_id || ':replay:{{ part }}'){{ ' || ' if not loop.last }}
        {%- endfor %} as digits
    from {{ ref('fct_replay_unit') }} as units
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
        cast(sum(case when arms.split_no = 0 then arms.n else 0 end) as bigint) as unit_count,
        {{ metric_replay('arms', 'shifts') }} as replay
    from arms
    inner join shifts on shifts.metric_id = arms.metric_id
    group by arms.metric_id

)

select
    listed.metric_id, listed.experiment_id, listed.unit_count,
    cast({{ json_text('listed.replay', 'split_count') }} as bigint) as split_count,
    cast({{ json_text('listed.replay', 'false_positive_count') }} as bigint) as false_positive_count,
    cast({{ json_text('listed.replay', 'least') }} as bigint) as least_count,
    cast({{ json_text('listed.replay', 'most') }} as bigint) as most_count,
    cast({{ json_text('listed.replay', 'ks_p') }} as double) as ks_p,
    {{ json_text('listed.replay', 'verdict') }} as verdict,
    coalesce({{ json_text('listed.replay', 'verdict') }} in ('false_alarms', 'dull', 'uneven'), false) as is_unsound
from listed
