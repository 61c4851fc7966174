{{ current_version(
    contract='metrics',
    key=['source', 'metric_id'],
    columns=['metric_id', 'name', 'owner', 'spec']
) }}
