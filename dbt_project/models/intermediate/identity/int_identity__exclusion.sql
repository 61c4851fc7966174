with

rules as (

    select
        now.subject_type, lower(now.subject) as subject_key, now.subject, now.reason, now.valid_from, now.valid_to,
        versions.known_at
    from {{ ref('stg_exclusions') }} as now
    inner join {{ ref('stg_exclusion_versions') }} as versions
        on versions.subject_type = now.subject_type and versions.subject = now.subject and versions.reason = now.reason
        and versions.valid_from is not distinct from now.valid_from
        and versions.valid_to is not distinct from now.valid_to

),

people as (

    select domains.person_id, rules.reason, rules.valid_from, rules.valid_to, rules.known_at
    from {{ ref('int_identity__domain') }} as domains
    inner join rules
        on rules.subject_type = 'email_domain' and rules.subject_key = domains.email_domain
    union all
    select aliases.person_id, rules.reason, rules.valid_from, rules.valid_to, rules.known_at
    from {{ ref('int_identity__alias') }} as aliases
    inner join rules
        on rules.subject_type = aliases.alias_type and rules.subject = aliases.alias
    where aliases.alias_type in ('email_key', 'user_id')

),

accounts as (

    select coalesce(aliases.account_id, rules.subject) as account_id, rules.reason, rules.valid_from, rules.valid_to, rules.known_at
    from rules
    left join {{ ref('int_account__alias') }} as aliases
        on aliases.alias = case aliases.alias_type when 'domain' then rules.subject_key else rules.subject end
    where rules.subject_type = 'account'

),

subjects as (

    select 'person' as subject_type, person_id as subject_id, reason, valid_from, valid_to, known_at from people
    union all
    select 'account', account_id, reason, valid_from, valid_to, known_at from accounts

)

select subject_type, subject_id, reason, valid_from as valid_from_on, valid_to as valid_to_on, min(known_at) as known_at
from subjects
group by subject_type, subject_id, reason, valid_from, valid_to
