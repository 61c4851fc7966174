-- depends_on: {{ ref('int_voice__term') }}
{#- A pattern that stands in a column is compiled for every row; written out it is compiled once. #}
{%- set query -%}
    select theme_id, term, is_exclusion, first_word, pattern from {{ ref('int_voice__term') }} order by 1, 2
{%- endset -%}
{%- set terms = run_query(query).rows if execute else [] %}
{%- set built = previous('core', 'fct_term_hit') %}

with

-- The same text and the same terms give the same hits, so nobody looks twice.
items as (

    select item_id, item_text, md5('{{ local_md5(terms | map('list') | list | string) }}' || coalesce(item_text, '')) as text_key
    from {{ ref('fct_feedback_item') }}

),

unread as (

    select items.item_id, items.text_key, items.item_text, lower(items.item_text) as lower_text
    from items
    {%- if built %}
    left join (select item_id, text_key from {{ built }} group by item_id, text_key) as known
        on known.item_id = items.item_id and known.text_key = items.text_key
    where known.item_id is null
    {%- endif %}

),

-- Looking for the first word is cheap and leaves few texts to the regular expressions.
hits as (

    {% for theme_id, term, is_exclusion, first_word, pattern in terms -%}
    {%- set found = match_group('item_text', text_literal(pattern), 2) -%}
    select
        item_id, {{ text_literal(theme_id) }} as theme_id, {{ text_literal(term) }} as term,
        {{ 'true' if is_exclusion else 'false' }} as is_exclusion,
        length({{ match_group('item_text', text_literal(pattern), 1) }}) as evidence_start,
        {{ found }} as evidence
    from unread
    where instr(lower_text, {{ text_literal(first_word) }}) > 0 and {{ found }} <> ''
    {% if not loop.last %}union all{% endif %}
    {% else -%}
    select
        item_id, item_id as theme_id, item_id as term, false as is_exclusion,
        length(item_id) as evidence_start, item_id as evidence
    from unread
    where 1 = 0
    {% endfor %}
)

select
    unread.item_id, unread.text_key, hits.theme_id, hits.term, hits.is_exclusion, hits.evidence_start, hits.evidence
from unread
left join hits on hits.item_id = unread.item_id
{%- if built %}
union all
select
    known.item_id, known.text_key, known.theme_id, known.term, known.is_exclusion, known.evidence_start, known.evidence
from {{ built }} as known
inner join items on items.item_id = known.item_id and items.text_key = known.text_key
{%- endif %}
