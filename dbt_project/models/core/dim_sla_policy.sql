select
    policy_id, name as policy_name, metric, priority, hours,
    case metric when 'resolution' then 'full_resolution' else metric end as clock,
    target_minutes * 60 as target_seconds,
    starts_on, ends_on
from {{ ref('stg_sla_policies') }}
