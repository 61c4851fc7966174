with

words as (

    select source, ticket_id, {{ padded_words('subject') }} as words
    from {{ ref('stg_tickets') }}
    where subject is not null
    union all
    select source, ticket_id, {{ padded_words('body') }}
    from {{ ref('int_support__message') }}
    where is_customer_text and body is not null

),

terms as (

    select theme_id, feature_id, is_exclusion, {{ term_words('term') }} as term_words
    from {{ ref('stg_theme_terms') }}
    where feature_id is not null

),

found as (

    select
        words.source, words.ticket_id, terms.theme_id, terms.feature_id,
        max(case when terms.is_exclusion then 1 else 0 end) as exclusion_count
    from words
    inner join terms on instr(words.words, terms.term_words) > 0
    group by words.source, words.ticket_id, terms.theme_id, terms.feature_id

),

tags as (

    {{ json_array_rows(ref('stg_tickets'), ['source', 'ticket_id'], 'tags', 'tag') }}

),

links as (

    select source, ticket_id, feature_id, 'theme' as link_basis
    from found
    where exclusion_count = 0
    union all
    select tags.source, tags.ticket_id, features.feature_id, 'tag'
    from tags
    inner join {{ ref('stg_features') }} as features on lower(features.feature_id) = lower(tags.tag)
    union all
    select tags.source, tags.ticket_id, terms.feature_id, 'tag'
    from tags
    inner join terms on lower(terms.theme_id) = lower(tags.tag)

)

-- A tag that somebody set says more than words that were found.
select source, ticket_id, feature_id, min(link_basis) as link_basis
from links
group by source, ticket_id, feature_id
