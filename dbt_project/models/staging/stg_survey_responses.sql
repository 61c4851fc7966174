{{ current_version(
    contract='survey_responses',
    key=['source', 'survey_id', 'response_id', 'question_id'],
    version='submitted_at', keep='latest',
    columns=[
        'survey_id', 'response_id', 'question_id', 'question_text',
        'answer_text', 'answer_number', 'submitted_at', 'channel',
        'is_finished', 'is_test', 'user_id', 'email_key', 'email_domain'
    ]
) }}
