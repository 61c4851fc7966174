with

tested as (

    select
        asks.theme_id, themes.theme_name, asks.week_on, asks.ask_count,
        asks.recent_ask_count, asks.prior_ask_count,
        case when tails.p_value is not null then asks.recent_ask_count + asks.prior_ask_count end as window_count,
        tails.p_value
    from {{ ref('fct_theme_ask') }} as asks
    inner join {{ ref('dim_theme') }} as themes on themes.theme_id = asks.theme_id
    left join {{ ref('fct_ask_tail') }} as tails
        on tails.ask_count = asks.recent_ask_count + asks.prior_ask_count
        and tails.recent_ask_count = asks.recent_ask_count

),

ranked as (

    select
        *,
        count(p_value) over (partition by week_on) as test_count,
        row_number() over (
            partition by week_on order by case when p_value is null then 1 else 0 end, p_value, theme_id
        ) as p_rank
    from tested

),

-- Benjamini-Hochberg: of the themes of one week that are called changed, 5 % at most are not.
controlled as (

    select
        *,
        case when p_value is not null then min(p_value * test_count / p_rank) over (
            partition by week_on order by p_rank desc rows between unbounded preceding and current row
        ) end as q_value,
        -- The share of the recent asks tells the ratio: of 16 weeks 4 are recent.
        {{ wilson_bound('recent_ask_count', 'window_count', '-') }} as share_low,
        {{ wilson_bound('recent_ask_count', 'window_count', '+') }} as share_high
    from ranked

)

select
    tested.theme_id, tested.theme_name, tested.week_on,
    tested.ask_count, tested.recent_ask_count, tested.prior_ask_count,
    3.0 * tested.recent_ask_count / nullif(tested.prior_ask_count, 0) as velocity_ratio,
    3.0 * tested.share_low / (1 - tested.share_low) as velocity_low,
    case when tested.prior_ask_count > 0 then 3.0 * tested.share_high / (1 - tested.share_high) end
        as velocity_high,
    tested.p_value, tested.q_value, tested.test_count,
    case
        when tested.p_value is null then 'unknown'
        when tested.q_value > 0.05 then 'no change shown'
        when 3 * tested.recent_ask_count > tested.prior_ask_count then 'rising'
        else 'falling'
    end as verdict,
    weeks.is_complete, weeks.data_through_at,
    1 as definition_version
from controlled as tested
inner join {{ ref('dim_voice_week') }} as weeks on weeks.week_on = tested.week_on
