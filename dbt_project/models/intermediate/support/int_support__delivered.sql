select
    desks.source,
    changes.source is not null as has_changes,
    messages.source is not null as has_messages
from (select source from {{ ref('stg_tickets') }} group by source) as desks
left join (
    select source from {{ ref('stg_ticket_events') }} where occurred_at <= {{ as_of_at() }} group by source
) as changes
    on changes.source = desks.source
left join (
    select source from {{ ref('stg_ticket_messages') }} where created_at <= {{ as_of_at() }} group by source
) as messages
    on messages.source = desks.source
