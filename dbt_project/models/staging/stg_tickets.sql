{{ current_version(
    contract='tickets',
    key=['source', 'ticket_id'],
    version='version_at', keep='latest',
    columns=[
        'ticket_id', 'version_at', 'subject', 'status', 'priority', 'channel',
        'queue_id', 'requester_ref', 'submitter_ref', 'assignee_ref',
        'account_ref', 'tags', 'satisfaction', 'merged_into_id',
        'schedule_ref', 'created_at', 'updated_at'
    ]
) }}
