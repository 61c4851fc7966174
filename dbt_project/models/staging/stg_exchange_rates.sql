{{ current_version(
    contract='exchange_rates',
    key=['source', 'currency', 'to_currency', 'rated_on'],
    columns=[
        'currency', 'to_currency', 'rated_on', 'rate', 'constant_on'
    ]
) }}
