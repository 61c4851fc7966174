{{ current_version(
    contract='incidents',
    key=['source', 'incident_id'],
    version='updated_at', keep='latest',
    columns=[
        'incident_id', 'incident_number', 'title', 'status', 'priority', 'urgency',
        'service_ref', 'service', 'team_ref', 'created_at', 'acknowledged_at',
        'resolved_at', 'updated_at'
    ]
) }}
