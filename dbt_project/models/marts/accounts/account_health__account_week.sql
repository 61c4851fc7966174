{%- set components = health_components() | map(attribute=0) | list -%}
{%- set text = dbt.type_string() -%}
with

versions as (

    select *, case when intercept is null then 'usage_trend_unfitted' else status end as score_basis
    from {{ ref('dim_health_version') }}

),

-- Without weights the order of the usage trend is all there is: the lower, the worse.
pointed as (

    select
        parts.*, versions.score_version, versions.score_basis, versions.intercept,
        case
            when versions.intercept is null then case when parts.component = 'usage_trend' then 0.5 - parts.component_percentile end
            else coalesce(parts.component_percentile - 0.5, 0) * case parts.component
                {%- for name in components %} when '{{ name }}' then versions.{{ name }}_weight{% endfor %} end
        end as points
    from {{ ref('fct_account_week_component') }} as parts
    inner join versions
        on versions.fitted_on <= parts.last_on and (versions.until_on is null or versions.until_on > parts.last_on)

),

worded as (

    select
        pointed.account_id, pointed.week_on,
        row_number() over (
            partition by pointed.account_id, pointed.week_on order by pointed.points desc, pointed.component
        ) as driver_rank,
        {{ component_words('pointed.component', 'weeks') }}
        || '; rank ' || cast(cast(round(100 * pointed.component_percentile) as bigint) as {{ text }}) || ' of 100 in ' || pointed.segment
        || case when pointed.intercept is null then '' else ', +' || cast(cast(pointed.points as decimal(18, 2)) as {{ text }}) end as driver
    from pointed
    inner join {{ ref('fct_account_week') }} as weeks
        on weeks.account_id = pointed.account_id and weeks.week_on = pointed.week_on
    where pointed.points > 0

),

drivers as (

    select account_id, week_on
        {%- for number in [1, 2, 3] %}, max(case when driver_rank = {{ number }} then driver end) as driver_{{ number }}{% endfor %}
    from worded
    group by account_id, week_on

),

wide as (

    select
        account_id, week_on, score_version, score_basis, intercept, max(segment) as segment
        {%- for name in components %},
        max(case when component = '{{ name }}' then component_value end) as {{ name }},
        max(case when component = '{{ name }}' then component_percentile end) as {{ name }}_percentile,
        max(case when component = '{{ name }}' then points end) as {{ name }}_points
        {%- endfor %}
    from pointed
    group by account_id, week_on, score_version, score_basis, intercept

),

-- Added up in one order and rounded, so that equal accounts are equal.
scored as (

    select
        *,
        case
            when score_basis = 'all_components' or usage_trend_percentile is not null
                then round({% for name in components %}coalesce({{ name }}_points, 0){{ ' + ' if not loop.last }}{% endfor %}, 9)
        end as points
    from wide

),

-- Rows are sorted once, and only with what the order needs.
ranked as (

    select
        account_id, week_on,
        rank() over points_of_week - 1 as below_count,
        count(*) over (points_of_week range between current row and current row) as equal_count,
        count(points) over (partition by week_on) as scored_count
    from scored
    window points_of_week as (partition by week_on order by case when points is null then 1 else 0 end, points desc)

)

select
    scored.account_id, accounts.name as account_name, scored.week_on, weeks.plan, scored.segment,
    scored.score_version, scored.score_basis, case when scored.points is null then 'no usage trend yet' else 'scored' end as score_status,
    case when scored.points is not null then 100 * (ranked.below_count + ranked.equal_count / 2.0) / ranked.scored_count end
        as health_score,
    1 / (1 + exp(-(scored.intercept + scored.points))) as loss_risk,
    {%- for number in [1, 2, 3] %}
    case when scored.points is not null then drivers.driver_{{ number }} end as driver_{{ number }},
    {%- endfor %}
    weeks.active_person_count, weeks.baseline_person_count, scored.usage_trend, weeks.feature_count,
    case when scored.seat_utilisation is not null then {{ least_of('weeks.active28_person_count', 'weeks.paid_seat_count') }} end as seat_utilisation_num,
    case when scored.seat_utilisation is not null then weeks.paid_seat_count end as seat_utilisation_den,
    scored.seat_utilisation as seat_utilisation_rate, weeks.idle_day_count,
    weeks.ticket28_count as contact_num, case when weeks.ticket28_count is not null then weeks.active28_person_count end as contact_den,
    scored.contact as contact_rate,
    weeks.severe_open_count, weeks.sentiment_sum, weeks.sentiment_count, scored.sentiment as sentiment_balance
    {%- for name in components %},
    scored.{{ name }}_percentile, case when scored.intercept is not null then scored.{{ name }}_points end as {{ name }}_points
    {%- endfor %},
    weeks.arr_minor, weeks.currency, outcomes.outcome_on, outcomes.is_lost, weeks.is_assumed,
    weeks.is_complete, weeks.data_through_at, 1 as definition_version
from scored
inner join ranked on ranked.account_id = scored.account_id and ranked.week_on = scored.week_on
inner join {{ ref('fct_account_week') }} as weeks on weeks.account_id = scored.account_id and weeks.week_on = scored.week_on
inner join {{ ref('fct_account_outcome') }} as outcomes on outcomes.account_id = scored.account_id and outcomes.week_on = scored.week_on
inner join {{ ref('dim_account') }} as accounts on accounts.account_id = scored.account_id
left join drivers on drivers.account_id = scored.account_id and drivers.week_on = scored.week_on
