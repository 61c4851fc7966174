with recursive

pairs as (

    select user_id, email_key from {{ ref('int_identity__user_email') }}

),

users as (

    select left_alias as user_id from {{ ref('int_identity__edge') }} where edge_type = 'user'
    union
    select user_id from {{ ref('stg_identities') }} where user_id is not null

),

shared_emails as (

    select email_key from pairs group by email_key having count(distinct user_id) > 1

),

shared_pairs as (

    select pairs.user_id, pairs.email_key
    from pairs
    inner join shared_emails on shared_emails.email_key = pairs.email_key

),

-- Walk from mailbox to mailbox, not from user to user: one mailbox of a thousand users is one node.
reached as (

    select email_key as root_key, email_key from shared_emails
    union
    select reached.root_key, onward.email_key
    from reached
    inner join shared_pairs as here on here.email_key = reached.email_key
    inner join shared_pairs as onward on onward.user_id = here.user_id

),

components as (

    select root_key, min(email_key) as component_key from reached group by root_key

),

members as (

    select components.component_key, shared_pairs.user_id
    from shared_pairs
    inner join components on components.root_key = shared_pairs.email_key
    group by components.component_key, shared_pairs.user_id

),

-- Too many ids for one person are a mistake of the data: a mailbox like test@ joins everybody.
sizes as (

    select members.component_key, count(distinct members.user_id) + count(distinct pairs.email_key) as alias_count
    from members
    inner join pairs on pairs.user_id = members.user_id
    group by members.component_key

),

firsts as (

    select component_key, min(user_id) as person_id from members group by component_key

),

merged as (

    select
        members.user_id,
        members.component_key,
        sizes.alias_count > {{ setting('person_alias_limit') }} as is_quarantined,
        case when sizes.alias_count > {{ setting('person_alias_limit') }} then members.user_id else firsts.person_id end
            as person_id
    from members
    inner join firsts on firsts.component_key = members.component_key
    inner join sizes on sizes.component_key = members.component_key

)

select
    users.user_id,
    coalesce(merged.person_id, users.user_id) as person_id,
    coalesce(merged.is_quarantined, false) as is_quarantined,
    merged.component_key
from users
left join merged on merged.user_id = users.user_id
