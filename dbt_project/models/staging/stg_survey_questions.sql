{{ current_version(
    contract='survey_questions',
    key=['source', 'survey_id', 'question_id'],
    columns=[
        'survey_id', 'question_id', 'question_kind', 'scale_min', 'scale_max'
    ]
) }}
