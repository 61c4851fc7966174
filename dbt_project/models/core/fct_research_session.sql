with

sessions as (

    select
        sessions.source, sessions.session_id, sessions.study_id, sessions.occurred_at, sessions.researcher_ref,
        coalesce(lower(sessions.method), 'interview') as method,
        nullif(trim(lower(sessions.consent)), '') as consent,
        people.person_id,
        coalesce(accounts.account_id, own.account_id, people.account_id, 'unknown') as account_id
    from {{ ref('stg_research_sessions') }} as sessions
    left join {{ ref('bridge_identity') }} as people
        on people.alias_type = 'email_key' and people.alias = sessions.email_key
    left join {{ ref('bridge_account') }} as accounts
        on accounts.alias_type = 'account_ref' and accounts.alias = sessions.source || ':' || sessions.account_ref
    -- Notes that people write name accounts as the product does.
    left join {{ ref('bridge_account') }} as own
        on own.alias_type = 'group_id' and own.alias = sessions.account_ref

),

dated as (

    select
        sessions.*,
        coalesce(accounts.ultimate_parent_id, sessions.account_id) as ultimate_parent_id,
        {{ local_date('sessions.occurred_at', "coalesce(accounts.time_zone, '" ~ setting('org_time_zone') ~ "')") }}
            as occurred_on
    from sessions
    left join {{ ref('dim_account') }} as accounts on accounts.account_id = sessions.account_id

),

barred as (

    select dated.source, dated.session_id
    from dated
    inner join {{ ref('dim_exclusion') }} as rules
        on rules.subject_id = case rules.subject_type when 'person' then dated.person_id else dated.account_id end
        and (rules.valid_from_on is null or dated.occurred_on >= rules.valid_from_on)
        and (rules.valid_to_on is null or dated.occurred_on < rules.valid_to_on)
    group by dated.source, dated.session_id

)

select
    dated.source, dated.session_id, dated.study_id, dated.method, dated.researcher_ref,
    dated.occurred_at, dated.occurred_on, cast(date_trunc('quarter', dated.occurred_on) as date) as quarter_on,
    dated.person_id, dated.account_id, dated.ultimate_parent_id, dated.consent,
    -- To be recorded is not to be written to again: only these words say so.
    case
        when dated.consent is null then 'unknown'
        when dated.consent in ('contact', 'research contact', 'panel', 'all') then 'contact'
        when dated.consent in ('none', 'no', 'withdrawn', 'refused', 'revoked') then 'refused'
        else 'session only'
    end as consent_state,
    dated.method in ('panel', 'consent') as is_record_only,
    dated.occurred_at <= {{ as_of_at() }} as is_held,
    barred.session_id is null as is_countable
from dated
left join barred on barred.source = dated.source and barred.session_id = dated.session_id
