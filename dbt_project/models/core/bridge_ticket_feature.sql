with

links as (

    select source, ticket_id, feature_id, 'tag' as link_basis
    from {{ ref('int_support__tag') }}
    union all
    -- The same mentions that the demand for themes counts.
    select tickets.source, tickets.ticket_id, themes.feature_id, 'theme'
    from {{ ref('fct_mention') }} as mentions
    inner join {{ ref('fct_ticket') }} as tickets
        on mentions.item_id = 'ticket:' || tickets.source || ':' || tickets.ticket_id
    inner join {{ ref('dim_theme') }} as themes on themes.theme_id = mentions.theme_id
    where mentions.item_type = 'ticket'

)

-- A tag that somebody set says more than words that were found.
select links.source, links.ticket_id, links.feature_id, min(links.link_basis) as link_basis
from links
inner join {{ ref('dim_feature') }} as features on features.feature_id = links.feature_id
group by links.source, links.ticket_id, links.feature_id
