-- In a build that adds to what is there: events of the files that hold any of the touched days.
{{ current_version(
    contract='usage_events',
    days=days_alone(),
    key=['source', 'event_id'],
    version='received_at', keep='earliest',
    columns=[
        'event_id', 'event_name', 'event_type', 'user_id', 'anonymous_id',
        'previous_id', 'group_id', 'session_id', 'email_key', 'email_domain',
        'occurred_at', 'received_at', 'sent_at', 'is_clock_skewed',
        'is_active', 'platform', 'user_agent', 'page_path', 'properties'
    ]
) }}
