{{ current_version(
    contract='research_sessions',
    key=['source', 'session_id'],
    version='updated_at', keep='latest',
    columns=[
        'session_id', 'study_id', 'occurred_at', 'participant_ref', 'email_key',
        'email_domain', 'account_ref', 'method', 'consent', 'researcher_ref', 'tags',
        'updated_at'
    ]
) }}
