with

user_aliases as (

    select user_id as alias, person_id, is_quarantined from {{ ref('int_identity__user_person') }}

),

email_pairs as (

    select user_id, email_key from {{ ref('int_identity__user_email') }}
    union
    select user_id, email_key from {{ ref('stg_identities') }} where email_key is not null
    union
    select null, email_key from {{ ref('int_identity__mailbox') }}

),

-- All users of a mailbox are one person, unless they were too many: then the mailbox is nobody's.
-- One without users goes by the first mailbox of the same person.
email_aliases as (

    select
        email_pairs.email_key as alias,
        case
            when count(distinct user_aliases.person_id) = 1 then min(user_aliases.person_id)
            when count(distinct user_aliases.person_id) = 0
                then 'email:' || coalesce(min(mailboxes.first_email_key), email_pairs.email_key)
            else 'email:' || email_pairs.email_key
        end as person_id,
        count(distinct user_aliases.person_id) = 1 as has_user,
        count(distinct user_aliases.person_id) > 1 as is_quarantined
    from email_pairs
    left join user_aliases on user_aliases.alias = email_pairs.user_id
    left join {{ ref('int_identity__mailbox') }} as mailboxes on mailboxes.email_key = email_pairs.email_key
    group by email_pairs.email_key

),

vendor_aliases as (

    select
        known.source || ':' || known.identity_ref as alias,
        coalesce(
            user_aliases.person_id, email_aliases.person_id, known.source || ':' || known.identity_ref
        ) as person_id,
        user_aliases.person_id is not null or coalesce(email_aliases.has_user, false) as has_user,
        coalesce(user_aliases.is_quarantined, email_aliases.is_quarantined, false) as is_quarantined
    from {{ ref('stg_identities') }} as known
    left join user_aliases on user_aliases.alias = known.user_id
    left join email_aliases on email_aliases.alias = known.email_key
    where known.role not in ('device', 'mailbox')

)

select
    'user_id' as alias_type, alias, person_id, 'user' as person_type, false as is_shared,
    case when is_quarantined then 'large_component' end as kept_apart_by
from user_aliases
union all
select
    'anonymous_id', anonymous_id, coalesce(person_id, 'anon:' || anonymous_id),
    case when person_id is not null then 'user' else 'anonymous' end, person_count > 1,
    case when is_crowded then 'crowded_device' end
from {{ ref('int_identity__device') }}
union all
select
    'email_key', alias, person_id, case when has_user then 'user' else 'contact' end, false,
    case when is_quarantined then 'large_component' end
from email_aliases
union all
select
    'vendor_ref', alias, person_id, case when has_user then 'user' else 'contact' end, false,
    case when is_quarantined then 'large_component' end
from vendor_aliases
