{{ current_version(
    contract='accounts',
    key=['source', 'account_ref'],
    version='updated_at', keep='latest',
    columns=[
        'account_ref', 'external_id', 'name', 'domain', 'parent_ref', 'plan',
        'lifecycle', 'arr_minor', 'currency', 'paid_seat_count', 'time_zone',
        'owner_ref', 'industry', 'churned_on', 'created_at', 'updated_at',
        'is_deleted'
    ]
) }}
