select source, identity_ref as agent_ref
from {{ ref('stg_identities') }}
where role in ('agent', 'admin')
union
-- Only agents are given tickets, also where nobody exported the list of users.
select source, assignee_ref
from {{ ref('stg_tickets') }}
where assignee_ref is not null
