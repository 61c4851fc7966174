{{ current_version(
    contract='business_hours',
    key=['source', 'schedule_ref', 'opens_minute'],
    version='updated_at', keep='latest',
    columns=[
        'schedule_ref', 'name', 'time_zone', 'opens_minute', 'closes_minute',
        'updated_at'
    ]
) }}
