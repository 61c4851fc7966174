{{ current_version(
    contract='ticket_events',
    key=['source', 'ticket_event_id'],
    version='occurred_at', keep='earliest',
    columns=[
        'ticket_event_id', 'ticket_id', 'occurred_at', 'actor_ref',
        'event_type', 'field', 'previous_value', 'value'
    ]
) }}
