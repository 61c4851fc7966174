select email_key, last_active_on as seen_on
from {{ ref('int_tools__member') }}
where email_key is not null and last_active_on is not null
union
select email_key, cast(occurred_at as date)
from {{ ref('stg_tool_activity') }}
where email_key is not null and coalesce(outcome, 'success') = 'success'
