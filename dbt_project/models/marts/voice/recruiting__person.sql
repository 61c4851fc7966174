{%- set today = local_date(as_of_at(), "'" ~ setting('org_time_zone') ~ "'") -%}
with

today as (

    select {{ today }} as today_on

),

used as (

    select person_id, count(*) as used_count, {{ distinct_texts('feature_id') }} as feature_ids
    from (
        select days.person_id, days.feature_id
        from {{ ref('fct_person_feature_day') }} as days
        cross join today
        where
            days.is_countable and days.feature_id <> 'none'
            and days.activity_on > {{ add_days('today.today_on', -90) }} and days.activity_on <= today.today_on
        group by days.person_id, days.feature_id
        having sum(days.event_count) >= 3
    ) as often
    group by person_id

),

raised as (

    select
        items.person_id, count(distinct mentions.theme_id) as raised_count,
        {{ distinct_texts('mentions.theme_id') }} as theme_ids, max(mentions.occurred_on) as last_raised_on
    from {{ ref('fct_mention') }} as mentions
    inner join {{ ref('fct_feedback_item') }} as items on items.item_id = mentions.item_id
    cross join today
    where
        mentions.is_countable and items.person_id is not null
        and mentions.occurred_on > {{ add_days('today.today_on', -364) }}
    group by items.person_id

),

contacts as (

    select
        contacts.person_id, max(contacts.contacted_on) as last_on,
        sum(case when contacts.contacted_on > {{ add_days('today.today_on', -90) }} then 1 else 0 end) as contact90_count
    from {{ ref('fct_research_contact') }} as contacts
    cross join today
    group by contacts.person_id

),

barred as (

    select people.person_id, min(rules.reason) as reason
    from {{ ref('dim_person') }} as people
    cross join today
    inner join {{ ref('dim_exclusion') }} as rules
        on rules.subject_id = case rules.subject_type when 'person' then people.person_id else people.account_id end
        and (rules.valid_from_on is null or rules.valid_from_on <= today.today_on)
        and (rules.valid_to_on is null or rules.valid_to_on > today.today_on)
    group by people.person_id

),

-- Who was contacted is only known as far as sessions, and invitations where any came, are delivered.
-- A promise of weeks is too long here: whoever was written to since would be written to again.
reach as (

    select
        min(high_water_at) as high_water_at,
        coalesce(min(case
            when high_water_at is null then 0
            when {{ seconds_between('high_water_at', as_of_at()) }} <= 3600 * {{ least_of('168', 'warn_hours') }} then 1
            else 0
        end), 0) = 1 as is_current
    from {{ ref('dim_contract') }}
    where contract = 'research_sessions' or (contract = 'survey_deliveries' and high_water_at is not null)

),

judged as (

    select
        people.person_id, people.account_id, used.feature_ids, used.used_count, raised.theme_ids, raised.raised_count,
        raised.last_raised_on, coalesce(agreed.consent_state, 'unknown') as consent_state,
        agreed.stated_on as consent_on, contacts.last_on, coalesce(contacts.contact90_count, 0) as contact90_count,
        case
            when barred.person_id is not null then 'excluded'
            when agreed.consent_state is null then 'no consent known'
            when agreed.consent_state <> 'contact' then 'no consent to contact'
            when contacts.contact90_count > 0 then 'contacted within 90 days'
            when not reach.is_current then 'contacts not known up to now'
        end as block_reason,
        reach.is_current, reach.high_water_at
    from {{ ref('dim_person') }} as people
    cross join reach
    left join used on used.person_id = people.person_id
    left join raised on raised.person_id = people.person_id
    left join {{ ref('dim_research_consent') }} as agreed on agreed.person_id = people.person_id
    left join contacts on contacts.person_id = people.person_id
    left join barred on barred.person_id = people.person_id
    where people.person_type <> 'anonymous' and coalesce(used.person_id, raised.person_id, agreed.person_id) is not null

)

select
    judged.person_id, judged.account_id, accounts.ultimate_parent_id, accounts.plan,
    judged.feature_ids as used_feature_ids, coalesce(judged.used_count, 0) as used_feature_count,
    judged.theme_ids as raised_theme_ids, coalesce(judged.raised_count, 0) as raised_theme_count,
    judged.last_raised_on, judged.consent_state, judged.consent_on,
    judged.last_on as last_contacted_on, cast(judged.contact90_count as bigint) as contact90_count,
    judged.block_reason is null as is_eligible, judged.block_reason,
    judged.is_current as is_complete, judged.high_water_at as data_through_at,
    2 as definition_version
from judged
left join {{ ref('dim_account') }} as accounts on accounts.account_id = judged.account_id
