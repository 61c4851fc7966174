-- depends_on: {{ ref('int_voice__term') }}
{#- A pattern that stands in a column is compiled for every row; written out it is compiled once. #}
{%- set query -%}
    select theme_id, term, is_exclusion, first_word, pattern from {{ ref('int_voice__term') }} order by 1, 2
{%- endset -%}
{%- set terms = run_query(query).rows if execute else [] %}

with

-- Looking for the first word is cheap and leaves few texts to the regular expressions.
hits as (

    {% for theme_id, term, is_exclusion, first_word, pattern in terms -%}
    {%- set found = match_group('item_text', text_literal(pattern), 2) -%}
    select
        item_id, {{ text_literal(theme_id) }} as theme_id, {{ text_literal(term) }} as term,
        {{ 'true' if is_exclusion else 'false' }} as is_exclusion,
        length({{ match_group('item_text', text_literal(pattern), 1) }}) as evidence_start,
        {{ found }} as evidence
    from {{ ref('fct_feedback_item') }}
    where instr(lower(item_text), {{ text_literal(first_word) }}) > 0 and {{ found }} <> ''
    {% if not loop.last %}union all{% endif %}
    {% else -%}
    select
        item_id, item_id as theme_id, item_id as term, false as is_exclusion,
        length(item_id) as evidence_start, item_id as evidence
    from {{ ref('fct_feedback_item') }}
    where 1 = 0
    {% endfor %}
),

ruled_out as (

    select item_id, theme_id from hits where is_exclusion group by item_id, theme_id

),

ranked as (

    select
        hits.*,
        count(*) over (partition by hits.item_id, hits.theme_id) as term_count,
        row_number() over (
            partition by hits.item_id, hits.theme_id
            order by hits.evidence_start, length(hits.evidence) desc, hits.term
        ) as evidence_rank
    from hits
    left join ruled_out on ruled_out.item_id = hits.item_id and ruled_out.theme_id = hits.theme_id
    where ruled_out.item_id is null

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
