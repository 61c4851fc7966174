{{ config(materialized='view') }}
{{ current_version(
    contract='ticket_messages',
    key=['source', 'message_id'],
    version='created_at', keep='earliest',
    columns=[
        'message_id', 'ticket_id', 'author_ref', 'is_public', 'channel',
        'body', 'created_at'
    ]
) }}
