{{ current_version(
    contract='holidays',
    key=['source', 'schedule_ref', 'holiday_id'],
    columns=[
        'schedule_ref', 'holiday_id', 'name', 'starts_on', 'ends_on'
    ]
) }}
