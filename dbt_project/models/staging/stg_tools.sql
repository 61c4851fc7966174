{{ current_version(
    contract='tools',
    key=['source', 'tool_id'],
    columns=[
        'tool_id', 'name', 'vendor', 'category', 'owner', 'app_names'
    ]
) }}
