with

said as (

    select left_alias as user_id, right_alias as email_key, known_at
    from {{ ref('int_identity__edge') }}
    where edge_type = 'user_email'
    union all
    -- What a vendor no longer says joins nobody; what it still says is as old as its first word.
    select now.user_id, now.email_key, versions.known_at
    from {{ ref('stg_identities') }} as now
    inner join {{ ref('stg_identity_versions') }} as versions
        on versions.source = now.source and versions.identity_ref = now.identity_ref
        and versions.user_id = now.user_id and versions.email_key = now.email_key

),

pairs as (

    select user_id, email_key, min(known_at) as known_at from said group by user_id, email_key

),

-- Whose one mailbox is, the others of the same person are too.
told as (

    select user_id, email_key, known_at from pairs
    union all
    select
        pairs.user_id, others.email_key,
        {{ greatest_of(greatest_of('pairs.known_at', 'mine.known_at'), 'others.known_at') }}
    from pairs
    inner join {{ ref('int_identity__mailbox') }} as mine on mine.email_key = pairs.email_key
    inner join {{ ref('int_identity__mailbox') }} as others on others.first_email_key = mine.first_email_key

)

select user_id, email_key, min(known_at) as known_at
from told
group by user_id, email_key
