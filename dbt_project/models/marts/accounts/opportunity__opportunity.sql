with

reach as (

    select high_water_at from {{ ref('dim_contract') }} where contract = 'opportunities'

),

versions as (

    select
        source, opportunity_id, amount_minor, currency, closes_on, is_open, valid_from_at,
        row_number() over by_time as version_number,
        lag(closes_on) over by_time as closes_before_on,
        lag(is_open) over by_time as was_open
    from {{ ref('dim_opportunity_version') }}
    window by_time as (partition by source, opportunity_id order by valid_from_at)

),

-- The day that is put in when a deal is closed is no push.
history as (

    select
        source, opportunity_id, count(*) as version_count,
        max(case when version_number = 1 then amount_minor end) as first_amount_minor,
        max(case when version_number = 1 then currency end) as first_currency,
        max(case when version_number = 1 then closes_on end) as first_closes_on,
        sum(case when is_open and was_open and closes_on > closes_before_on then 1 else 0 end) as push_count,
        sum(case when is_open and was_open and closes_on > closes_before_on
            then {{ days_between('closes_before_on', 'closes_on') }} else 0 end) as push_days
    from versions
    group by source, opportunity_id

),

stages as (

    select
        source, opportunity_id, count(*) as visit_count, {{ path_text('stage', 'visit_number') }} as stage_path,
        max(entered_at) as stage_entered_at
    from {{ ref('fct_opportunity_stage') }}
    group by source, opportunity_id

),

gaps as (

    select item_id, count(*) as theme_count, {{ distinct_texts('theme_id') }} as theme_ids
    from {{ ref('fct_mention') }}
    where item_type = 'loss_reason'
    group by item_id

),

notes as (

    select deals.source, deals.opportunity_id, count(*) as note_count
    from {{ ref('dim_opportunity') }} as deals
    inner join {{ ref('fct_opportunity_note') }} as notes
        on notes.source = deals.source and notes.opportunity_id = deals.opportunity_id
        and notes.occurred_on between {{ add_days('deals.seen_on', -29) }} and deals.seen_on
    group by deals.source, deals.opportunity_id

),

known as (

    select count(*) > 0 as has_notes from {{ ref('fct_opportunity_note') }}

),

joined as (

    select
        deals.*, history.version_count, history.first_amount_minor, history.first_currency, history.first_closes_on,
        -- One version is a state: nobody knows what it was before.
        case when history.version_count > 1 then history.push_count end as push_count,
        case when history.version_count > 1 then history.push_days end as push_days,
        stages.visit_count, stages.stage_path, stages.stage_entered_at, gaps.theme_ids,
        coalesce(gaps.theme_count, 0) as theme_count,
        case when known.has_notes then coalesce(notes.note_count, 0) end as note_count,
        case when known.has_notes and deals.outcome = 'open' then 1 end as coverage_den,
        case when deals.outcome = 'lost' then deals.amount_constant_minor end as lost_minor,
        {{ day_over_at('deals.closed_on') }} as over_at
    from {{ ref('dim_opportunity') }} as deals
    cross join known
    left join history on history.source = deals.source and history.opportunity_id = deals.opportunity_id
    left join stages on stages.source = deals.source and stages.opportunity_id = deals.opportunity_id
    left join notes on notes.source = deals.source and notes.opportunity_id = deals.opportunity_id
    left join gaps on gaps.item_id = 'loss_reason:' || deals.source || ':' || deals.opportunity_id

)

select
    joined.source, joined.opportunity_id, joined.name as opportunity_name,
    joined.account_id, joined.ultimate_parent_id, joined.unmatched_reason is null as is_matched, joined.unmatched_reason,
    joined.exclusion_reason is null as is_countable, joined.exclusion_reason,
    joined.outcome, joined.stage, joined.created_on, joined.closes_on, joined.closed_on,
    case when joined.created_on <= joined.seen_on
        then cast({{ days_between('joined.created_on', 'joined.seen_on') }} as bigint) end as cycle_days,
    joined.outcome <> 'won' as is_cycle_censored,
    joined.first_closes_on, cast(joined.push_count as bigint) as push_count, cast(joined.push_days as bigint) as push_days,
    cast(joined.version_count as bigint) as version_count,
    cast(joined.visit_count as bigint) as stage_visit_count, joined.stage_path, joined.stage_entered_at,
    joined.first_amount_minor, joined.first_currency, joined.amount_minor, joined.currency,
    joined.amount_spot_minor, joined.amount_constant_minor,
    joined.theme_ids as loss_theme_ids,
    case when joined.theme_count > 0 then joined.lost_minor when joined.lost_minor is not null then 0 end as gap_lost_num,
    joined.lost_minor as gap_lost_den,
    {{ rate('case when joined.theme_count > 0 then joined.lost_minor else 0 end', 'joined.lost_minor') }} as gap_lost_rate,
    cast(joined.note_count as bigint) as note30_count,
    cast(case when joined.note_count > 0 then joined.coverage_den when joined.coverage_den = 1 then 0 end as bigint) as note_coverage_num,
    cast(joined.coverage_den as bigint) as note_coverage_den,
    {{ rate('case when joined.note_count > 0 then 1 else 0 end', 'joined.coverage_den') }} as note_coverage_rate,
    coalesce(reach.high_water_at >= joined.over_at, false) as is_complete,
    {{ least_of('reach.high_water_at', 'joined.over_at') }} as data_through_at,
    1 as definition_version
from joined
cross join reach
