select links.source, links.ticket_id, links.feature_id, links.link_basis
from {{ ref('int_support__feature') }} as links
inner join {{ ref('dim_feature') }} as features on features.feature_id = links.feature_id
