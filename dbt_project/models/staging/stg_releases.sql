{{ current_version(
    contract='releases',
    key=['source', 'release_id'],
    columns=[
        'release_id', 'name', 'feature_id', 'theme_id', 'released_on', 'owner'
    ]
) }}
