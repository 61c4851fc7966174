with

-- A customer who asks five times in a week asks once; whoever is not known asks as often as they do.
asked as (

    select
        theme_id, week_on,
        count(distinct case when is_matched then ultimate_parent_id end)
        + sum(case when is_matched then 0 else 1 end) as ask_count
    from {{ ref('fct_mention') }}
    where is_countable
    group by theme_id, week_on

),

weekly as (

    select themes.theme_id, weeks.week_on, coalesce(asked.ask_count, 0) as ask_count
    from {{ ref('dim_theme') }} as themes
    cross join {{ ref('dim_voice_week') }} as weeks
    left join asked on asked.theme_id = themes.theme_id and asked.week_on = weeks.week_on

),

windows as (

    select
        *,
        sum(ask_count) over (
            partition by theme_id order by week_on rows between 3 preceding and current row
        ) as recent_count,
        sum(ask_count) over (
            partition by theme_id order by week_on rows between 15 preceding and 4 preceding
        ) as prior_count,
        count(*) over (
            partition by theme_id order by week_on rows between 15 preceding and current row
        ) as known_week_count
    from weekly

)

select
    theme_id, week_on, cast(ask_count as bigint) as ask_count,
    cast(case when known_week_count = 16 then recent_count end as bigint) as recent_ask_count,
    cast(case when known_week_count = 16 then prior_count end as bigint) as prior_ask_count
from windows
