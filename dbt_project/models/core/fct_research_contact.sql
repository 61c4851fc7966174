-- Planned sessions are contacts too: whoever is invited has been written to.
select
    person_id, 'session' as contact_type, source || ':' || session_id as contact_ref, occurred_on as contacted_on
from {{ ref('fct_research_session') }}
where person_id is not null and not is_record_only
union all
select
    coalesce(by_user.person_id, by_mail.person_id), 'survey invitation',
    sent.source || ':' || sent.survey_id || ':' || sent.delivery_id,
    {{ local_date('sent.sent_at', "coalesce(by_user.reporting_time_zone, by_mail.reporting_time_zone)") }}
from {{ ref('stg_survey_deliveries') }} as sent
left join {{ ref('bridge_identity') }} as by_user
    on by_user.alias_type = 'user_id' and by_user.alias = sent.user_id
left join {{ ref('bridge_identity') }} as by_mail
    on by_mail.alias_type = 'email_key' and by_mail.alias = sent.email_key
where sent.delivery_status in ('delivered', 'sent') and coalesce(by_user.person_id, by_mail.person_id) is not null
