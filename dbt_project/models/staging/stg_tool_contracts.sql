{{ current_version(
    contract='tool_contracts',
    key=['source', 'contract_id'],
    columns=[
        'contract_id', 'tool_id', 'starts_on', 'renews_on', 'notice_days',
        'is_auto_renew', 'can_reduce_in_term', 'purchased_seat_count',
        'seat_month_minor', 'currency', 'owner'
    ]
) }}
