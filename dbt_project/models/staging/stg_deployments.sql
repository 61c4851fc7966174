{{ current_version(
    contract='deployments',
    key=['source', 'deployment_event_id'],
    version='occurred_at', keep='earliest',
    columns=[
        'deployment_event_id', 'deployment_id', 'state', 'occurred_at', 'service',
        'environment', 'is_production', 'git_ref', 'commit_sha', 'actor_ref'
    ]
) }}
