with

tags as (

    {{ json_array_rows(ref('stg_tickets'), ['source', 'ticket_id'], 'tags', 'tag') }}

),

marks as (

    select lower(feature_id) as mark, feature_id from {{ ref('stg_features') }}
    union
    select lower(theme_id), feature_id from {{ ref('stg_theme_terms') }} where feature_id is not null

)

select tags.source, tags.ticket_id, marks.feature_id
from tags
inner join marks on marks.mark = lower(tags.tag)
group by tags.source, tags.ticket_id, marks.feature_id
