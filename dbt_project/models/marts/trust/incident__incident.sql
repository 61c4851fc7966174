select
    incident_id, subject_type, asset_name, check_name, severity, owner, description,
    cause_incident_id, cause_incident_id = incident_id as is_cause,
    began_at, opened_at, acknowledged_at, recovered_at, recovered_at is null as is_open,
    cast({{ seconds_between('began_at', 'opened_at') }} as double) as detect_seconds,
    cast({{ seconds_between('opened_at', 'recovered_at') }} as double) as repair_seconds,
    return_count, failing_row_count, verdict,
    recovered_at is not null as is_complete,
    last_happened_at as data_through_at,
    1 as definition_version
from {{ ref('fct_incident') }}
