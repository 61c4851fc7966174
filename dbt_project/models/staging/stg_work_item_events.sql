{{ current_version(
    contract='work_item_events',
    key=['source', 'work_item_event_id'],
    version='occurred_at', keep='earliest',
    columns=[
        'work_item_event_id', 'work_item_id', 'occurred_at', 'actor_ref', 'field',
        'previous_value', 'value', 'previous_ref', 'value_ref'
    ]
) }}
