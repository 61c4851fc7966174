{{ current_version(
    contract='vendor_reports',
    key=['source', 'report', 'subject_id', 'metric'],
    version='reported_at', keep='latest',
    columns=[
        'report', 'subject_id', 'metric', 'reported_value', 'reported_at'
    ]
) }}
