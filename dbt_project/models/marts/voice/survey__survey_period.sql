with

-- A silent source says nothing of what came since, so nothing is complete beyond it.
reach as (

    select
        max(case when contract = 'survey_responses' then high_water_at end) as responses_at,
        max(case when contract = 'survey_deliveries' then high_water_at end) as deliveries_at
    from {{ ref('dim_contract') }}
    where contract in ('survey_responses', 'survey_deliveries')

),

measured as (

    select
        periods.*,
        case when delivered_count is null then reach.responses_at
            else {{ least_of('reach.responses_at', 'reach.deliveries_at') }} end as through_at,
        case when question_kind = 'nps' then top2_count end as promoter_count,
        case when question_kind = 'nps' then valid_count - top2_count - below7_count end as passive_count,
        case when question_kind = 'nps' then below7_count end as detractor_count,
        case when question_kind <> 'nps' then top2_count end as top2_num,
        case when question_kind <> 'nps' then valid_count end as top2_den,
        -- First day of the next quarter; whoever was invited on the last one has 14 days to answer.
        {{ add_days("date_trunc('quarter', " ~ add_days('quarter_on', 95) ~ ")",
            'case when delivered_count is null then -1 else 13 end') }} as last_on
    from {{ ref('fct_survey_period') }} as periods
    cross join reach

),

scored as (

    select
        *,
        promoter_count * 1.0 / nullif(valid_count, 0) as promoters,
        detractor_count * 1.0 / nullif(valid_count, 0) as detractors
    from measured

),

spread as (

    select
        *,
        100 * (promoters - detractors) as nps_score,
        100 * sqrt((promoters + detractors - (promoters - detractors) * (promoters - detractors)) / valid_count)
            as nps_se
    from scored

)

select
    source, survey_id, question_id, segment, quarter_on, question_kind, kind_basis, scale_min, scale_max,
    answer_count, test_count as test_answer_count, excluded_count as excluded_answer_count,
    off_scale_count as off_scale_answer_count, repeated_count as repeated_answer_count,
    valid_count as response_count, anonymous_count as anonymous_response_count, excluded_person_count,
    account_count,
    promoter_count, passive_count, detractor_count,
    nps_score, nps_se,
    -- All of one kind: the formula's error is 0, which is no certainty.
    case when nps_se > 0 then {{ greatest_of('nps_score - 1.959964 * nps_se', '-100.0') }} end as nps_low,
    case when nps_se > 0 then {{ least_of('nps_score + 1.959964 * nps_se', '100.0') }} end as nps_high,
    nps_account_score,
    top2_num, top2_den, {{ rate('top2_num', 'top2_den') }} as top2_rate,
    {{ wilson_bound('top2_num', 'top2_den', '-') }} as top2_low,
    {{ wilson_bound('top2_num', 'top2_den', '+') }} as top2_high,
    answer_sum / nullif(valid_count, 0) as answer_mean,
    answered_count as response_num, delivered_count as response_den,
    {{ rate('answered_count', 'delivered_count') }} as response_rate,
    {{ wilson_bound('answered_count', 'delivered_count', '-') }} as response_low,
    {{ wilson_bound('answered_count', 'delivered_count', '+') }} as response_high,
    coalesce(through_at >= {{ day_over_at('last_on') }}, false) as is_complete,
    {{ least_of(day_over_at('last_on'), 'through_at') }} as data_through_at,
    1 as definition_version
from spread
