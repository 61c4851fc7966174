{{ current_version(
    contract='survey_deliveries',
    key=['source', 'survey_id', 'delivery_id'],
    version='updated_at', keep='latest',
    columns=[
        'survey_id', 'delivery_id', 'delivery_status', 'sent_at', 'channel', 'user_id',
        'email_key', 'email_domain', 'updated_at'
    ]
) }}
