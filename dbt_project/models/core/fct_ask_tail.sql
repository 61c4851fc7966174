with

pairs as (

    select recent_ask_count + prior_ask_count as ask_count, recent_ask_count
    from {{ ref('fct_theme_ask') }}
    where recent_ask_count + prior_ask_count > 0
    group by recent_ask_count + prior_ask_count, recent_ask_count

),

spine as (

    {{ date_spine("cast('1970-01-01' as date)", add_days("cast('1970-01-01' as date)", '(select coalesce(max(ask_count), 0) from pairs)')) }}

),

-- ln(n!) for each n, as a running sum.
factorials as (

    select
        {{ days_between("cast('1970-01-01' as date)", 'day_on') }} as n,
        sum(
            case when day_on > cast('1970-01-01' as date)
                then ln({{ days_between("cast('1970-01-01' as date)", 'day_on') }}) else 0.0 end
        ) over (order by day_on) as ln_factorial
    from spine

),

-- Further from the middle than 12 roots of n the chance is nothing (27 standard deviations).
outcomes as (

    select
        totals.ask_count, recent.n as recent_ask_count,
        whole.ln_factorial - recent.ln_factorial - prior.ln_factorial
        + recent.n * ln(0.25) + prior.n * ln(0.75) as ln_chance
    from (select ask_count from pairs group by ask_count) as totals
    inner join factorials as recent
        on recent.n <= totals.ask_count
        and abs(recent.n - totals.ask_count / 4.0) <= 12 * sqrt(totals.ask_count)
    inner join factorials as prior on prior.n = totals.ask_count - recent.n
    inner join factorials as whole on whole.n = totals.ask_count

),

-- All outcomes that are no likelier than this one; rounded, so that equal chances are equal.
tails as (

    select
        ask_count, recent_ask_count,
        sum(exp(ln_chance)) over (partition by ask_count order by round(ln_chance, 9)) as chance
    from outcomes

)

select
    pairs.ask_count, pairs.recent_ask_count,
    {{ least_of('coalesce(tails.chance, 0.0)', '1.0') }} as p_value
from pairs
left join tails
    on tails.ask_count = pairs.ask_count and tails.recent_ask_count = pairs.recent_ask_count
