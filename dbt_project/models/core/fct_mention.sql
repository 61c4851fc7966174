with

ruled_out as (

    select item_id, theme_id from {{ ref('fct_term_hit') }} where is_exclusion group by item_id, theme_id

),

ranked as (

    select
        hits.*,
        count(*) over (partition by hits.item_id, hits.theme_id) as term_count,
        row_number() over (
            partition by hits.item_id, hits.theme_id
            order by hits.evidence_start, length(hits.evidence) desc, hits.term
        ) as evidence_rank
    from {{ ref('fct_term_hit') }} as hits
    left join ruled_out on ruled_out.item_id = hits.item_id and ruled_out.theme_id = hits.theme_id
    where ruled_out.item_id is null and hits.theme_id is not null

)

select
    ranked.item_id, ranked.theme_id, items.item_type, items.source, items.account_id, items.ultimate_parent_id,
    items.occurred_at, items.occurred_on, items.week_on,
    ranked.term, ranked.term_count,
    cast(ranked.evidence_start as bigint) as evidence_start,
    cast(ranked.evidence_start + length(ranked.evidence) as bigint) as evidence_end,
    ranked.evidence, 'keyword' as match_method, cast(null as double) as confidence,
    items.is_matched, items.is_countable, items.exclusion_reason
from ranked
inner join {{ ref('fct_feedback_item') }} as items on items.item_id = ranked.item_id
where ranked.evidence_rank = 1
