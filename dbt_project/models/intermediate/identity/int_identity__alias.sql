with

user_aliases as (

    select user_id as alias, person_id from {{ ref('int_identity__user_person') }}

),

email_pairs as (

    select left_alias as user_id, right_alias as email_key
    from {{ ref('int_identity__edge') }}
    where edge_type = 'user_email'
    union
    select user_id, email_key from {{ ref('stg_identities') }} where email_key is not null

),

-- All users of a mailbox are one person, so `min` only picks that one.
email_aliases as (

    select
        email_pairs.email_key as alias,
        coalesce(min(user_aliases.person_id), 'email:' || email_pairs.email_key) as person_id,
        min(user_aliases.person_id) is not null as has_user
    from email_pairs
    left join user_aliases on user_aliases.alias = email_pairs.user_id
    group by email_pairs.email_key

),

identified as (

    select edges.left_alias as alias, user_aliases.person_id
    from {{ ref('int_identity__edge') }} as edges
    inner join user_aliases on user_aliases.alias = edges.right_alias
    where edges.edge_type = 'anonymous_user'

),

anonymous_ids as (

    select left_alias as alias from {{ ref('int_identity__edge') }} where edge_type = 'anonymous'
    union
    select alias from identified

),

anonymous_aliases as (

    select
        anonymous_ids.alias,
        case
            when count(distinct identified.person_id) = 1 then min(identified.person_id)
            else 'anon:' || anonymous_ids.alias
        end as person_id,
        count(distinct identified.person_id) as person_count
    from anonymous_ids
    left join identified on identified.alias = anonymous_ids.alias
    group by anonymous_ids.alias

),

vendor_aliases as (

    select
        known.source || ':' || known.identity_ref as alias,
        coalesce(
            user_aliases.person_id, email_aliases.person_id, known.source || ':' || known.identity_ref
        ) as person_id,
        user_aliases.person_id is not null or coalesce(email_aliases.has_user, false) as has_user
    from {{ ref('stg_identities') }} as known
    left join user_aliases on user_aliases.alias = known.user_id
    left join email_aliases on email_aliases.alias = known.email_key

)

select 'user_id' as alias_type, alias, person_id, 'user' as person_type, false as is_shared
from user_aliases
union all
select
    'anonymous_id', alias, person_id,
    case when person_count = 1 then 'user' else 'anonymous' end, person_count > 1
from anonymous_aliases
union all
select 'email_key', alias, person_id, case when has_user then 'user' else 'contact' end, false
from email_aliases
union all
select 'vendor_ref', alias, person_id, case when has_user then 'user' else 'contact' end, false
from vendor_aliases
