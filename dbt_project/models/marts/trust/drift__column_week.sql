{%- set weeks, least_rows, rows_a_category, limit = 4, 200, 25, 0.2 -%}
with

weeks as (

    select
        contract, source, week_on,
        count(*) = 7 and min(case when is_complete then 1 else 0 end) = 1 as is_complete,
        max(data_through_at) as data_through_at
    from {{ ref('fct_source_day') }}
    group by contract, source, week_on

),

counts as (

    select contract, source, column_name, category, {{ week_of('day_on') }} as week_on, sum(row_count) as row_count
    from {{ ref('fct_row_day') }}
    where column_name <> 'all'
    group by contract, source, column_name, category, {{ week_of('day_on') }}

),

-- Each week's rows, and beside them those of the weeks before, moved to it.
both_sides as (

    select contract, source, column_name, category, week_on, row_count, 0 as before_count from counts
    {%- for week in range(1, weeks + 1) %}
    union all
    select contract, source, column_name, category, {{ add_days('week_on', 7 * week) }}, 0, row_count from counts
    {%- endfor %}

),

categories as (

    select
        contract, source, column_name, category, week_on,
        cast(sum(row_count) as decimal(19, 0)) as now_count, cast(sum(before_count) as decimal(19, 0)) as before_count
    from both_sides
    group by contract, source, column_name, category, week_on

),

totals as (

    select
        *,
        count(*) over whole as category_count,
        cast(sum(now_count) over whole as decimal(19, 0)) as now_total,
        cast(sum(before_count) over whole as decimal(19, 0)) as before_total
    from categories
    window whole as (partition by contract, source, column_name, week_on)

),

-- Whole numbers: no order of rows changes a sum.
moves as (select *, abs(now_count * before_total - before_count * now_total) as moved from totals),

ranked as (

    select
        *,
        sum(moved) over (partition by contract, source, column_name, week_on) as all_moved,
        row_number() over (partition by contract, source, column_name, week_on order by moved desc, category) as move_rank
    from moves

),

measured as (

    select
        contract, source, column_name, week_on, category_count,
        cast(now_total as bigint) as row_count, cast(before_total as bigint) as before_row_count,
        cast(all_moved as double) / cast(nullif(2 * before_total, 0) as double) as shift_num,
        case when before_total > 0 then cast(now_total as bigint) end as shift_den,
        category as moved_category, cast(now_count as bigint) as now_num, cast(before_count as bigint) as before_num
    from ranked
    where move_rank = 1

),

known as (

    select contract, source, week_on, is_complete, data_through_at,
        count(case when is_complete then 1 end) over earlier = {{ weeks }} as has_history,
        max(case when is_complete then week_on end) over (partition by contract, source) as newest_on
    from weeks
    window earlier as (partition by contract, source order by week_on rows between {{ weeks }} preceding and 1 preceding)

),

judged as (

    select
        measured.*, known.is_complete, known.data_through_at, known.week_on = known.newest_on as is_newest,
        {{ rate('measured.shift_num', 'measured.shift_den') }} as shift_rate,
        case
            when not known.is_complete then 'not over'
            when not known.has_history then 'too little history'
            when {{ least_of('measured.row_count', 'measured.before_row_count') }}
                < {{ greatest_of(least_rows, rows_a_category ~ ' * measured.category_count') }} then 'too few rows'
            when measured.shift_num > {{ limit }} * measured.row_count then 'drifted'
            else 'steady'
        end as verdict
    from measured
    inner join known
        on known.contract = measured.contract and known.source = measured.source and known.week_on = measured.week_on

)

select
    contract, source, column_name, week_on, row_count, before_row_count, category_count,
    shift_num, shift_den, shift_rate, moved_category,
    now_num, row_count as now_den, {{ rate('now_num', 'row_count') }} as now_rate,
    before_num, before_row_count as before_den, {{ rate('before_num', 'before_row_count') }} as before_rate,
    verdict, verdict = 'drifted' as is_drifted, coalesce(is_newest, false) as is_newest,
    is_complete, data_through_at, 1 as definition_version
from judged
