{{ current_version(
    contract='identities',
    key=['source', 'identity_ref'],
    version='updated_at', keep='latest',
    columns=[
        'identity_ref', 'user_id', 'email_key', 'email_domain', 'account_ref',
        'role', 'is_active', 'time_zone', 'created_at', 'updated_at'
    ]
) }}
