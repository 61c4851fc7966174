{{ current_version(
    contract='feedback_notes',
    key=['source', 'note_id'],
    version='updated_at', keep='latest',
    columns=[
        'note_id', 'note_type', 'occurred_at', 'author_ref', 'account_ref',
        'opportunity_id', 'body', 'updated_at'
    ]
) }}
