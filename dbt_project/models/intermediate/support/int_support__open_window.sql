with

spine as (

    {{ date_spine(
        '(select ' ~ add_days('cast(first_created_at as date)', -1) ~ ' from ' ~ ref('int_support__reach') ~ ')',
        '(select ' ~ add_days('cast(last_at as date)', 1) ~ ' from ' ~ ref('int_support__reach') ~ ')'
    ) }}

),

-- Minutes count from Sunday 00:00; the week's days from Monday.
days as (

    select
        day_on,
        cast(day_on as timestamp) as midnight,
        1440 * ({{ days_between(week_of('day_on'), 'day_on') }} + 1 - 7 * (case when {{ days_between(week_of('day_on'), 'day_on') }} = 6 then 1 else 0 end))
            as first_minute
    from spine
    where day_on is not null

),

-- An interval may run over midnight; holidays close single days of it.
pieces as (

    select
        hours.source, hours.schedule_ref, hours.time_zone, days.day_on, days.midnight,
        {{ greatest_of('hours.opens_minute', 'days.first_minute') }} - days.first_minute as opens_minute,
        {{ least_of('hours.closes_minute', 'days.first_minute + 1440') }} - days.first_minute as closes_minute
    from {{ ref('int_support__open_hours') }} as hours
    inner join days
        on hours.opens_minute < days.first_minute + 1440 and hours.closes_minute > days.first_minute

)

select
    pieces.source, pieces.schedule_ref, pieces.day_on,
    {{ utc_time('pieces.midnight + pieces.opens_minute * interval \'1\' minute', 'pieces.time_zone') }} as opens_at,
    {{ utc_time('pieces.midnight + pieces.closes_minute * interval \'1\' minute', 'pieces.time_zone') }} as closes_at
from pieces
where not exists (
    select 1
    from {{ ref('stg_holidays') }} as holidays
    where
        holidays.source = pieces.source and holidays.schedule_ref = pieces.schedule_ref
        and pieces.day_on between holidays.starts_on and holidays.ends_on
)
