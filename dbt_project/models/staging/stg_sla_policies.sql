{{ current_version(
    contract='sla_policies',
    key=['source', 'policy_id'],
    columns=[
        'policy_id', 'name', 'metric', 'priority', 'target_minutes', 'hours', 'starts_on', 'ends_on'
    ]
) }}
