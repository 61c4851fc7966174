{%- set weeks, needed = 8, 4 -%}
{#- A day is unusual beyond so many spreads; a spread is no less than this share of what is expected. -#}
{%- set spreads, least_share = 4, 0.1 -%}
with

days as (

    select *, max(case when is_complete then day_on end) over (partition by contract, source) as newest_on
    from {{ ref('fct_source_day') }}

),

-- The same weekday of the weeks before, moved to the day that is held against it.
history as (

    {%- for week in range(1, weeks + 1) %}
    select contract, source, {{ add_days('day_on', 7 * week) }} as day_on, row_count
    from days
    where is_complete and not is_holiday
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

middles as (

    select
        contract, source, day_on, count(*) as history_day_count,
        cast({{ percentile('row_count', 0.5) }} as double) as expected_row_count
    from history
    group by contract, source, day_on
    having count(*) >= {{ needed }}

),

deviations as (

    select
        history.contract, history.source, history.day_on,
        cast({{ percentile('abs(history.row_count - middles.expected_row_count)', 0.5) }} as double) as deviation
    from history
    inner join middles
        on middles.contract = history.contract and middles.source = history.source
        and middles.day_on = history.day_on
    group by history.contract, history.source, history.day_on

),

-- What these days differ by themselves, or a share; and what chance makes of such counts: their square roots
-- differ by about a half, whatever their size.
widths as (

    select
        middles.*, deviations.deviation,
        {{ spreads }} * {{ greatest_of('1.4826 * deviations.deviation', least_share ~ ' * middles.expected_row_count') }} as width,
        {{ greatest_of('sqrt(middles.expected_row_count) - ' ~ spreads / 2, '0.0') }} as low_root,
        sqrt(middles.expected_row_count) + {{ spreads / 2 }} as high_root
    from middles
    inner join deviations
        on deviations.contract = middles.contract and deviations.source = middles.source
        and deviations.day_on = middles.day_on

),

-- Both must be exceeded.
bounds as (

    select
        *,
        {{ greatest_of(least_of('expected_row_count - width', 'low_root * low_root') | trim, '0.0') }} as low_row_count,
        {{ greatest_of('expected_row_count + width', 'high_root * high_root') }} as high_row_count
    from widths

),

judged as (

    select
        days.*, bounds.history_day_count, bounds.expected_row_count, bounds.deviation,
        bounds.low_row_count, bounds.high_row_count,
        case
            when not days.is_complete then 'not over'
            when days.is_holiday then 'holiday'
            when bounds.expected_row_count is null then 'too little history'
            when days.row_count < bounds.low_row_count then 'low'
            when days.row_count > bounds.high_row_count then 'high'
            else 'usual'
        end as verdict
    from days
    left join bounds
        on bounds.contract = days.contract and bounds.source = days.source and bounds.day_on = days.day_on

)

select
    contract, source, day_on, row_count, cast(coalesce(history_day_count, 0) as bigint) as history_day_count,
    expected_row_count, deviation, low_row_count, high_row_count, verdict,
    verdict in ('low', 'high') as is_unusual, coalesce(day_on = newest_on, false) as is_newest,
    is_complete, data_through_at, 1 as definition_version
from judged
