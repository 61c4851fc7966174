select
    funnel_id, coalesce(funnel_name, funnel_id) as funnel_name, funnel_version, window_hours, held_property,
    is_exclusion, step_number, event_name
from {{ ref('stg_funnel_steps') }}
