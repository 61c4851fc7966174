with

placed as (

    select
        *,
        row_number() over (partition by incident_id order by transition_number desc) as place_from_end,
        max(failing_row_count) over (partition by incident_id) as most_failing_row_count
    from {{ ref('stg_incident_transitions') }}

)

select
    incident_id, subject_type, coalesce(nullif(asset_name, ''), 'none') as asset_name, check_name, severity, owner, description,
    cause_incident_id, began_at, opened_at, acknowledged_at, recovered_at, verdict, return_count,
    most_failing_row_count as failing_row_count,
    happened_at as last_happened_at
from placed
where place_from_end = 1
