with

rules as (

    select subject_type, lower(subject) as subject_key, subject, reason, valid_from, valid_to
    from {{ ref('stg_exclusions') }}

),

people as (

    select domains.person_id, rules.reason, rules.valid_from, rules.valid_to
    from {{ ref('int_identity__domain') }} as domains
    inner join rules
        on rules.subject_type = 'email_domain' and rules.subject_key = domains.email_domain
    union all
    select aliases.person_id, rules.reason, rules.valid_from, rules.valid_to
    from {{ ref('int_identity__alias') }} as aliases
    inner join rules
        on rules.subject_type = aliases.alias_type and rules.subject = aliases.alias
    where aliases.alias_type in ('email_key', 'user_id')

),

accounts as (

    select coalesce(aliases.account_id, rules.subject) as account_id, rules.reason, rules.valid_from, rules.valid_to
    from rules
    left join {{ ref('int_account__alias') }} as aliases
        on aliases.alias = case aliases.alias_type when 'domain' then rules.subject_key else rules.subject end
    where rules.subject_type = 'account'

),

subjects as (

    select 'person' as subject_type, person_id as subject_id, reason, valid_from, valid_to from people
    union all
    select 'account', account_id, reason, valid_from, valid_to from accounts

)

select subject_type, subject_id, reason, valid_from as valid_from_on, valid_to as valid_to_on
from subjects
group by subject_type, subject_id, reason, valid_from, valid_to
