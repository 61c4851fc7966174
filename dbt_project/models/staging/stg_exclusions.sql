{{ current_version(
    contract='exclusions',
    key=['source', 'subject_type', 'subject', 'reason'],
    columns=[
        'subject_type', 'subject', 'reason', 'valid_from', 'valid_to'
    ]
) }}
