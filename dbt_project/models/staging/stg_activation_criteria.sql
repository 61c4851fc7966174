{{ current_version(
    contract='activation_criteria',
    key=['source', 'criteria_id', 'criteria_version'],
    columns=[
        'criteria_id', 'criteria_name', 'criteria_version', 'feature_id', 'use_count', 'within_days'
    ]
) }}
