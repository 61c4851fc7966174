{{ current_version(
    contract='tool_seats',
    key=['source', 'tool_id', 'member_ref', 'snapshot_on'],
    version='last_active_at', keep='latest',
    columns=[
        'tool_id', 'snapshot_on', 'member_ref', 'email_key', 'email_domain',
        'role', 'seat_type', 'is_billable', 'is_active_member', 'joined_at',
        'last_active_at', 'activity_evidence'
    ]
) }}
