{{ current_version(
    contract='tracking_plan',
    key=['source', 'event_name'],
    columns=[
        'event_name', 'feature_id', 'event_class'
    ]
) }}
