with

-- Each kind of item is delivered by one contract, whose clock says how far it is known.
reach as (

    select
        case contract
            when 'tickets' then 'ticket' when 'survey_responses' then 'survey_answer'
            when 'opportunities' then 'loss_reason' else 'note'
        end as item_group,
        high_water_at
    from {{ ref('dim_contract') }}
    where contract in ('tickets', 'survey_responses', 'opportunities', 'feedback_notes')

)

select
    mentions.item_id, mentions.theme_id, themes.theme_name, themes.feature_id,
    mentions.item_type, mentions.source, items.item_ref,
    mentions.occurred_at, mentions.occurred_on, mentions.week_on,
    items.person_id, mentions.account_id, mentions.ultimate_parent_id,
    mentions.evidence, mentions.evidence_start, mentions.evidence_end, mentions.term, mentions.term_count,
    mentions.match_method, themes.terms_version as match_version, mentions.confidence,
    mentions.is_matched, mentions.is_countable, mentions.exclusion_reason,
    coalesce(reach.high_water_at >= {{ day_over_at('mentions.occurred_on') }}, false) as is_complete,
    {{ least_of(day_over_at('mentions.occurred_on'), 'reach.high_water_at') }} as data_through_at,
    1 as definition_version
from {{ ref('fct_mention') }} as mentions
inner join {{ ref('fct_feedback_item') }} as items on items.item_id = mentions.item_id
inner join {{ ref('dim_theme') }} as themes on themes.theme_id = mentions.theme_id
left join reach
    on reach.item_group
    = case when mentions.item_type in ('ticket', 'survey_answer', 'loss_reason') then mentions.item_type else 'note' end
