with

pairs as (

    select left_alias as anonymous_id, right_alias as user_id, min(known_at) as known_at
    from {{ ref('int_identity__edge') }}
    where edge_type = 'anonymous_user'
    group by left_alias, right_alias
    union all
    -- A server that tells of a user may have no other field for the id than a device's.
    select left_alias, left_alias, min(known_at)
    from {{ ref('int_identity__edge') }}
    where edge_type = 'anonymous'
    group by left_alias
    union all
    -- What a vendor no longer says joins nobody; what it still says is as old as its first word.
    select now.identity_ref, now.user_id, versions.known_at
    from {{ ref('stg_identities') }} as now
    inner join {{ ref('stg_identity_versions') }} as versions
        on versions.source = now.source and versions.identity_ref = now.identity_ref
        and versions.user_id = now.user_id
    where now.role = 'device'

)

select
    pairs.anonymous_id, pairs.user_id,
    {{ greatest_of('min(pairs.known_at)', 'min(users.known_at)') }} as known_at
from pairs
inner join {{ ref('int_identity__user') }} as users on users.user_id = pairs.user_id
group by pairs.anonymous_id, pairs.user_id
