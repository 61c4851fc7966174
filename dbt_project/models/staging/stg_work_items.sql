{{ current_version(
    contract='work_items',
    key=['source', 'work_item_id'],
    version='updated_at', keep='latest',
    columns=[
        'work_item_id', 'work_item_key', 'item_type', 'title', 'status',
        'status_category', 'priority', 'project_ref', 'parent_ref', 'estimate',
        'iterations', 'labels', 'releases', 'assignee_ref', 'reporter_ref',
        'created_at', 'started_at', 'resolved_at', 'due_on', 'updated_at'
    ]
) }}
