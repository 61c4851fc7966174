{{ current_version(
    contract='tool_spend',
    key=['source', 'spend_id'],
    version='spent_on', keep='latest',
    columns=[
        'spend_id', 'vendor_name', 'spent_on', 'amount_minor', 'currency',
        'category', 'payer', 'state', 'memo'
    ]
) }}
