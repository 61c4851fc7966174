{{ config(materialized='view') }}
{{ current_version(
    contract='tool_activity',
    key=['source', 'activity_id'],
    version='occurred_at', keep='earliest',
    columns=[
        'activity_id', 'occurred_at', 'app_name', 'activity_type', 'outcome',
        'actor_ref', 'email_key', 'email_domain', 'activity_evidence'
    ]
) }}
