with recursive

-- Only users who hang together by now can ever have moved.
shared_pairs as (

    select people.component_key, pairs.user_id, pairs.email_key, pairs.known_at
    from {{ ref('int_identity__user_email') }} as pairs
    inner join {{ ref('int_identity__user_person') }} as people on people.user_id = pairs.user_id
    where people.component_key is not null

),

moments as (

    select component_key, known_at as moment_at from shared_pairs group by component_key, known_at

),

linked as (

    select moments.component_key, moments.moment_at, shared_pairs.user_id, shared_pairs.email_key
    from moments
    inner join shared_pairs
        on shared_pairs.component_key = moments.component_key and shared_pairs.known_at <= moments.moment_at

),

reached as (

    select component_key, moment_at, email_key as root_key, email_key
    from linked
    group by component_key, moment_at, email_key
    union
    select reached.component_key, reached.moment_at, reached.root_key, onward.email_key
    from reached
    inner join linked as here
        on here.component_key = reached.component_key and here.moment_at = reached.moment_at
        and here.email_key = reached.email_key
    inner join linked as onward
        on onward.component_key = reached.component_key and onward.moment_at = reached.moment_at
        and onward.user_id = here.user_id

),

parts as (

    select component_key, moment_at, root_key, min(email_key) as part_key
    from reached
    group by component_key, moment_at, root_key

),

members as (

    select parts.component_key, parts.moment_at, parts.part_key, linked.user_id, linked.email_key
    from parts
    inner join linked
        on linked.component_key = parts.component_key and linked.moment_at = parts.moment_at
        and linked.email_key = parts.root_key

),

sizes as (

    select
        component_key, moment_at, part_key, min(user_id) as first_user_id,
        count(distinct user_id) as user_count, count(distinct email_key) as email_count
    from members
    group by component_key, moment_at, part_key

),

states as (

    select
        members.user_id, members.moment_at as known_at,
        sizes.user_count > 1 and sizes.user_count + sizes.email_count > {{ setting('person_alias_limit') }}
            as is_quarantined,
        sizes.first_user_id
    from members
    inner join sizes
        on sizes.component_key = members.component_key and sizes.moment_at = members.moment_at
        and sizes.part_key = members.part_key
    group by members.user_id, members.moment_at, sizes.user_count, sizes.email_count, sizes.first_user_id

)

select
    user_id, known_at,
    case when is_quarantined then user_id else first_user_id end as person_id,
    is_quarantined,
    lead(known_at) over (partition by user_id order by known_at) as superseded_at
from states
