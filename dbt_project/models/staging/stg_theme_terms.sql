{{ current_version(
    contract='theme_terms',
    key=['source', 'theme_id', 'term'],
    columns=[
        'theme_id', 'theme_name', 'feature_id', 'term', 'is_exclusion'
    ]
) }}
