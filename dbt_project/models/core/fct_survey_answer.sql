with

answers as (

    select
        answers.source, answers.survey_id, answers.question_id, answers.response_id,
        questions.question_kind, questions.kind_basis, questions.scale_min, questions.scale_max,
        answers.submitted_at, answers.answer_number,
        coalesce(answers.is_test, false) as is_test,
        coalesce(by_user.person_id, by_mail.person_id) as person_id,
        coalesce(by_user.account_id, by_mail.account_id, 'unknown') as account_id
    from {{ ref('stg_survey_responses') }} as answers
    inner join {{ ref('int_voice__question') }} as questions
        on questions.source = answers.source and questions.survey_id = answers.survey_id
        and questions.question_id = answers.question_id
    left join {{ ref('bridge_identity') }} as by_user
        on by_user.alias_type = 'user_id' and by_user.alias = answers.user_id
    left join {{ ref('bridge_identity') }} as by_mail
        on by_mail.alias_type = 'email_key' and by_mail.alias = answers.email_key
    where answers.answer_number is not null

),

dated as (

    select
        answers.*,
        coalesce(accounts.ultimate_parent_id, answers.account_id) as ultimate_parent_id,
        {{ local_date('answers.submitted_at', "coalesce(accounts.time_zone, '" ~ setting('org_time_zone') ~ "')") }}
            as answered_on
    from answers
    left join {{ ref('dim_account') }} as accounts on accounts.account_id = answers.account_id

),

excluded as (

    select dated.source, dated.survey_id, dated.question_id, dated.response_id, min(rules.reason) as reason
    from dated
    inner join {{ ref('dim_exclusion') }} as rules
        on rules.subject_id = case rules.subject_type when 'person' then dated.person_id else dated.account_id end
        and (rules.valid_from_on is null or dated.answered_on >= rules.valid_from_on)
        and (rules.valid_to_on is null or dated.answered_on < rules.valid_to_on)
    group by dated.source, dated.survey_id, dated.question_id, dated.response_id

),

judged as (

    select
        dated.*,
        cast(date_trunc('quarter', dated.answered_on) as date) as quarter_on,
        coalesce(versions.plan, 'unknown') as plan,
        coalesce(dated.person_id, dated.source || ':' || dated.response_id) as respondent,
        case when dated.submitted_at > {{ as_of_at() }} then 'in the future' else excluded.reason end
            as exclusion_reason,
        case
            when dated.is_test then 'test'
            when dated.submitted_at > {{ as_of_at() }} or excluded.reason is not null then 'excluded'
            -- Between two steps of the scale is no step either.
            when dated.answer_number < dated.scale_min or dated.answer_number > dated.scale_max
                or dated.answer_number <> floor(dated.answer_number) then 'off_scale'
            else 'valid'
        end as verdict
    from dated
    left join excluded
        on excluded.source = dated.source and excluded.survey_id = dated.survey_id
        and excluded.question_id = dated.question_id and excluded.response_id = dated.response_id
    left join {{ ref('dim_account_version') }} as versions
        on versions.account_id = dated.account_id
        and versions.valid_from_on <= dated.answered_on
        and (versions.valid_to_on is null or versions.valid_to_on > dated.answered_on)

),

-- One person has one voice in a quarter: what they said last.
ranked as (

    select
        *,
        row_number() over (
            partition by source, survey_id, question_id, respondent, quarter_on, verdict
            order by submitted_at desc, response_id desc
        ) as voice_rank
    from judged

)

select
    source, survey_id, question_id, response_id, question_kind, kind_basis, scale_min, scale_max,
    submitted_at, answered_on, quarter_on, answer_number, respondent,
    person_id is not null as is_known, account_id, ultimate_parent_id, plan,
    case when verdict = 'valid' and voice_rank > 1 then 'repeated' else verdict end as verdict,
    case when verdict = 'excluded' then exclusion_reason end as exclusion_reason
from ranked
