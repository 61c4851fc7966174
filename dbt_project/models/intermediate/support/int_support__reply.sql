select
    source, ticket_id,
    min(case when is_reply then counted_at end) as first_reply_at,
    max(case when is_reply then counted_at end) as last_reply_at,
    -- A chat is one reply, however many lines the agent typed.
    sum(case when is_reply and not is_chat then 1 else 0 end)
    + max(case when is_reply and is_chat then 1 else 0 end) as reply_count,
    sum(case when is_unknown_author then 1 else 0 end) as unknown_author_count,
    max(case when is_clock_fault then 1 else 0 end) = 1 as has_clock_fault
from {{ ref('int_support__message') }}
group by source, ticket_id
