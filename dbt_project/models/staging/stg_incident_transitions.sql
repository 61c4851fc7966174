select
    transition_number, incident_id, transition, happened_at, subject_kind as subject_type, asset as asset_name,
    name as check_name, severity, owner, description, cause_id as cause_incident_id, began_at, opened_at,
    acknowledged_at, recovered_at, nullif(verdict, '') as verdict, return_count, failing_row_count
from {{ lake('incident_transitions') }}
