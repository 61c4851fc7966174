{{ current_version(
    contract='opportunities',
    key=['source', 'opportunity_id'],
    version='updated_at', keep='latest',
    columns=[
        'opportunity_id', 'name', 'account_ref', 'stage', 'amount_minor',
        'currency', 'probability', 'is_closed', 'is_won', 'owner_ref',
        'loss_reason', 'closes_on', 'created_at', 'updated_at', 'is_deleted'
    ]
) }}
