{{ current_version(
    contract='funnel_steps',
    key=['source', 'funnel_id', 'funnel_version', 'is_exclusion', 'step_number'],
    columns=[
        'funnel_id', 'funnel_name', 'funnel_version', 'window_hours', 'held_property', 'is_exclusion',
        'step_number', 'event_name'
    ]
) }}
