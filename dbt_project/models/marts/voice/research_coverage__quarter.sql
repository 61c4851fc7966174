with

sessions as (

    select *, coalesce(person_id, source || ':' || session_id) as participant
    from {{ ref('fct_research_session') }}
    where is_held and not is_record_only

),

ends as (

    select min(quarter_on) as first_on, max(quarter_on) as last_on
    from (
        select quarter_on from sessions
        union all
        select quarter_on from {{ ref('fct_release_research') }}
    ) as known

),

spine as (

    {{ date_spine('(select first_on from ends)', '(select last_on from ends)') }}

),

quarters as (

    select distinct cast(date_trunc('quarter', day_on) as date) as quarter_on from spine where day_on is not null

),

held as (

    select
        quarter_on,
        sum(case when is_countable then 1 else 0 end) as session_count,
        sum(case when is_countable and method = 'interview' then 1 else 0 end) as interview_count,
        sum(case when is_countable and method = 'interview' and researcher_ref is not null then 1 else 0 end)
            as named_interview_count,
        sum(case when is_countable then 0 else 1 end) as excluded_count,
        sum(case when is_countable and consent_state not in ('unknown', 'refused') then 1 else 0 end) as consented_count,
        sum(case when is_countable and person_id is null then 1 else 0 end) as unknown_count,
        count(distinct case when is_countable then participant end) as participant_count,
        count(distinct case when is_countable and account_id <> 'unknown' then ultimate_parent_id end) as account_count,
        count(distinct case when is_countable and method = 'interview' then
            researcher_ref || ':' || cast(date_trunc('month', occurred_on) as {{ dbt.type_string() }}) end)
            as researcher_month_count
    from sessions
    group by quarter_on

),

shipped as (

    select
        quarter_on, count(*) as release_count,
        sum(case when participant_count >= 5 then 1 else 0 end) as covered_count
    from {{ ref('fct_release_research') }}
    group by quarter_on

),

-- A silent source says nothing of what came since, so nothing is complete beyond it.
reach as (

    select high_water_at from {{ ref('dim_contract') }} where contract = 'research_sessions'

),

dated as (

    select
        quarter_on,
        {{ day_over_at(add_days("date_trunc('quarter', " ~ add_days('quarter_on', 95) ~ ")", -1)) }} as over_at
    from quarters

)

select
    dated.quarter_on,
    {%- for name in ['session', 'interview', 'participant', 'account', 'researcher_month'] %}
    cast(coalesce(held.{{ name }}_count, 0) as bigint) as {{ name }}_count,
    {%- endfor %}
    cast(coalesce(held.unknown_count, 0) as bigint) as unknown_participant_session_count,
    cast(coalesce(held.excluded_count, 0) as bigint) as excluded_session_count,
    held.named_interview_count * 1.0 / nullif(held.researcher_month_count, 0) as interviews_per_researcher_month,
    cast(held.consented_count as bigint) as consent_num, cast(held.session_count as bigint) as consent_den,
    {{ rate('held.consented_count', 'held.session_count') }} as consent_rate,
    cast(shipped.covered_count as bigint) as coverage_num, cast(shipped.release_count as bigint) as coverage_den,
    {{ rate('shipped.covered_count', 'shipped.release_count') }} as coverage_rate,
    {{ wilson_bound('shipped.covered_count', 'shipped.release_count', '-') }} as coverage_low,
    {{ wilson_bound('shipped.covered_count', 'shipped.release_count', '+') }} as coverage_high,
    coalesce(reach.high_water_at >= dated.over_at, false) as is_complete,
    {{ least_of('dated.over_at', 'reach.high_water_at') }} as data_through_at,
    2 as definition_version
from dated
cross join reach
left join held on held.quarter_on = dated.quarter_on
left join shipped on shipped.quarter_on = dated.quarter_on
-- Where nobody delivers sessions, nothing is known of research: no row rather than zeros.
where reach.high_water_at is not null
