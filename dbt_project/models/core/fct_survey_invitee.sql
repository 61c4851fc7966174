with

invited as (

    select
        sent.source, sent.survey_id, sent.delivery_id, sent.sent_at,
        coalesce(by_user.person_id, by_mail.person_id) as person_id,
        coalesce(by_user.account_id, by_mail.account_id, 'unknown') as account_id
    from {{ ref('stg_survey_deliveries') }} as sent
    left join {{ ref('bridge_identity') }} as by_user
        on by_user.alias_type = 'user_id' and by_user.alias = sent.user_id
    left join {{ ref('bridge_identity') }} as by_mail
        on by_mail.alias_type = 'email_key' and by_mail.alias = sent.email_key
    where sent.delivery_status = 'delivered' and sent.sent_at <= {{ as_of_at() }}

),

dated as (

    select
        invited.*,
        coalesce(invited.person_id, invited.source || ':' || invited.delivery_id) as invitee,
        {{ local_date('invited.sent_at', "coalesce(accounts.time_zone, '" ~ setting('org_time_zone') ~ "')") }}
            as sent_on
    from invited
    left join {{ ref('dim_account') }} as accounts on accounts.account_id = invited.account_id

),

barred as (

    select dated.source, dated.survey_id, dated.delivery_id
    from dated
    inner join {{ ref('dim_exclusion') }} as rules
        on rules.subject_id = case rules.subject_type when 'person' then dated.person_id else dated.account_id end
        and (rules.valid_from_on is null or dated.sent_on >= rules.valid_from_on)
        and (rules.valid_to_on is null or dated.sent_on < rules.valid_to_on)
    group by dated.source, dated.survey_id, dated.delivery_id

),

responses as (

    select answers.survey_id, coalesce(by_user.person_id, by_mail.person_id) as person_id, answers.submitted_at
    from {{ ref('stg_survey_responses') }} as answers
    left join {{ ref('bridge_identity') }} as by_user
        on by_user.alias_type = 'user_id' and by_user.alias = answers.user_id
    left join {{ ref('bridge_identity') }} as by_mail
        on by_mail.alias_type = 'email_key' and by_mail.alias = answers.email_key
    where not coalesce(answers.is_test, false) and answers.submitted_at <= {{ as_of_at() }}

),

answered as (

    select dated.source, dated.survey_id, dated.delivery_id
    from dated
    inner join responses
        on lower(responses.survey_id) = lower(dated.survey_id) and responses.person_id = dated.person_id
        and responses.submitted_at >= dated.sent_at
        and responses.submitted_at < dated.sent_at + interval '14' day
    group by dated.source, dated.survey_id, dated.delivery_id

),

judged as (

    select
        dated.survey_id, dated.invitee, dated.sent_at,
        cast(date_trunc('quarter', dated.sent_on) as date) as quarter_on,
        coalesce(versions.plan, 'unknown') as plan,
        answered.delivery_id is not null as is_answered,
        row_number() over (
            partition by lower(dated.survey_id), dated.invitee, date_trunc('quarter', dated.sent_on)
            order by dated.sent_at, dated.source, dated.delivery_id
        ) as invitation_rank
    from dated
    left join barred
        on barred.source = dated.source and barred.survey_id = dated.survey_id
        and barred.delivery_id = dated.delivery_id
    left join answered
        on answered.source = dated.source and answered.survey_id = dated.survey_id
        and answered.delivery_id = dated.delivery_id
    left join {{ ref('dim_account_version') }} as versions
        on versions.account_id = dated.account_id
        and versions.valid_from_on <= dated.sent_on
        and (versions.valid_to_on is null or versions.valid_to_on > dated.sent_on)
    where barred.delivery_id is null

)

select
    lower(survey_id) as survey_key, invitee, quarter_on,
    min(case when invitation_rank = 1 then plan end) as plan,
    min(sent_at) as first_sent_at,
    count(*) as invitation_count,
    max(is_answered) as is_answered
from judged
group by lower(survey_id), invitee, quarter_on
