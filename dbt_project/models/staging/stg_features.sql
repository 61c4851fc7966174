{{ current_version(
    contract='features',
    key=['source', 'feature_id'],
    columns=[
        'feature_id', 'name', 'area', 'owner', 'entitled_plans', 'flag_id', 'flag_variations',
        'released_on', 'retired_on'
    ]
) }}
