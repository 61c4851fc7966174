with

excluded as (

    select subject_type, subject_id, {{ distinct_texts('reason') }} as reasons
    from {{ ref('int_identity__exclusion') }}
    group by subject_type, subject_id

)

select
    aliases.alias_type,
    aliases.alias,
    aliases.person_id,
    aliases.person_type,
    aliases.is_shared,
    aliases.kept_apart_by,
    coalesce(memberships.account_id, 'unknown') as account_id,
    coalesce(memberships.account_basis, 'none') as account_basis,
    coalesce(accounts.time_zone, '{{ setting("org_time_zone") }}') as reporting_time_zone,
    case when accounts.time_zone is null then 'org' else 'account' end as tz_basis,
    people.subject_id is null and tests.subject_id is null as is_countable,
    coalesce(people.reasons, tests.reasons) as exclusion_reasons
from {{ ref('int_identity__alias') }} as aliases
left join {{ ref('int_identity__membership') }} as memberships
    on memberships.person_id = aliases.person_id
left join {{ ref('int_account__account') }} as accounts
    on accounts.account_id = memberships.account_id
left join excluded as people
    on people.subject_type = 'person' and people.subject_id = aliases.person_id
left join excluded as tests
    on tests.subject_type = 'account' and tests.subject_id = memberships.account_id
