with

reach as (

    select high_water_at, {{ local_date('high_water_at', "'" ~ setting('org_time_zone') ~ "'") }} as reached_on
    from {{ ref('dim_contract') }}
    where contract = 'opportunities'

),

-- Each deal stands in the month in which it was made and, once closed, in that of its closing.
cohorts as (

    {%- for basis in ['created', 'closed'] %}
    select '{{ basis }}' as cohort_basis, cast(date_trunc('month', {{ basis }}_on) as date) as month_on, deals.*
    from {{ ref('opportunity__opportunity') }} as deals
    where {{ basis }}_on is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

ends as (

    select cohort_basis, min(month_on) as first_on from cohorts group by cohort_basis

),

days as (

    {{ date_spine('(select min(first_on) from ends)', '(select reached_on from reach)') }}

),

months as (

    select
        ends.cohort_basis, spine.month_on,
        {{ add_days("cast(date_trunc('month', " ~ add_days('spine.month_on', 31) ~ ") as date)", -1) }} as last_on
    from ends
    inner join (
        select distinct cast(date_trunc('month', day_on) as date) as month_on from days where day_on is not null
    ) as spine
        on spine.month_on >= ends.first_on

),

counts as (

    select
        cohort_basis, month_on,
        sum(case when is_countable then 1 else 0 end) as deal_count,
        sum(case when is_countable and outcome = 'won' then 1 else 0 end) as won_count,
        sum(case when is_countable and outcome = 'lost' then 1 else 0 end) as lost_count,
        sum(case when is_countable and outcome = 'open' then 1 else 0 end) as open_count,
        sum(case when is_countable and not is_matched then 1 else 0 end) as unmatched_count,
        sum(case when is_countable then 0 else 1 end) as excluded_count,
        sum(case when is_countable and outcome = 'lost' and gap_lost_den is null then 1 else 0 end) as unvalued_count,
        sum(case when is_countable then gap_lost_num end) as gap_num,
        sum(case when is_countable then gap_lost_den end) as gap_den
    from cohorts
    group by cohort_basis, month_on

),

-- By closing only those that were won are known to have had a cycle.
cycles as (

    select cohort_basis, month_on, cycle_days, case when outcome = 'won' then 1 else 0 end as is_over
    from cohorts
    where is_countable and (cohort_basis = 'created' or outcome = 'won')

),

medians as (

    {{ kaplan_meier_median('cycles', ['cohort_basis', 'month_on'], 'cycle_days', 'is_over') }}

),

judged as (

    select
        months.*, counts.deal_count, counts.won_count, counts.lost_count, counts.open_count, counts.unmatched_count,
        counts.excluded_count, counts.unvalued_count, counts.gap_num, counts.gap_den,
        coalesce(counts.won_count + counts.lost_count, 0) as decided_count,
        coalesce(reach.high_water_at >= {{ day_over_at('months.last_on') }}, false) as is_over,
        {{ least_of(day_over_at('months.last_on'), 'reach.high_water_at') }} as data_through_at
    from months
    cross join reach
    left join counts on counts.cohort_basis = months.cohort_basis and counts.month_on = months.month_on

),

-- Nine in ten decided: what is still open can move the rate by ten points at most.
ripe as (

    select *, is_over and decided_count >= 0.9 * coalesce(deal_count, 0) as is_mature from judged

)

select
    ripe.cohort_basis, ripe.month_on,
    {%- for name in ['deal', 'won', 'lost', 'open', 'unmatched', 'excluded'] %}
    cast(coalesce(ripe.{{ name }}_count, 0) as bigint) as {{ name }}_count,
    {%- endfor %}
    cast(ripe.decided_count as bigint) as decided_num, cast(coalesce(ripe.deal_count, 0) as bigint) as decided_den,
    {{ rate('ripe.decided_count', 'ripe.deal_count') }} as decided_rate,
    ripe.is_mature,
    cast(case when ripe.is_mature then coalesce(ripe.won_count, 0) end as bigint) as win_num,
    cast(case when ripe.is_mature then ripe.decided_count end as bigint) as win_den,
    {{ rate('ripe.won_count', 'case when ripe.is_mature then ripe.decided_count end') }} as win_rate,
    cast(medians.median_value as double) as cycle_p50_days,
    cast(ripe.gap_num as bigint) as gap_lost_num, cast(ripe.gap_den as bigint) as gap_lost_den,
    {{ rate('ripe.gap_num', 'ripe.gap_den') }} as gap_lost_rate,
    cast(coalesce(ripe.unvalued_count, 0) as bigint) as unvalued_lost_count,
    -- By closing everything is decided at once; by creation all of the row still moves until it is mature.
    ripe.is_over and (ripe.cohort_basis = 'closed' or ripe.is_mature) as is_complete, ripe.data_through_at, 1 as definition_version
from ripe
left join medians on medians.cohort_basis = ripe.cohort_basis and medians.month_on = ripe.month_on
