{{ current_version(
    contract='experiments',
    key=['source', 'experiment_id'],
    columns=[
        'experiment_id', 'name', 'hypothesis', 'owner', 'feature_id', 'unit',
        'status', 'starts_on', 'ends_on', 'primary_metric', 'variations', 'spec'
    ]
) }}
