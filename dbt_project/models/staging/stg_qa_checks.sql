{{ current_version(
    contract='qa_checks',
    key=['source', 'qa_check_id'],
    version='checked_at', keep='latest',
    columns=[
        'qa_check_id', 'run_id', 'suite', 'check_name', 'status', 'message',
        'duration_seconds', 'owner', 'feature_ref', 'release_ref', 'evidence',
        'checked_at'
    ]
) }}
