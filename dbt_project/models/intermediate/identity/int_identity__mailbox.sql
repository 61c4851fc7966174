with

-- What a vendor no longer says joins nobody; what it still says is as old as its first word.
further as (

    select now.identity_ref as email_key, now.email_key as first_email_key, min(versions.known_at) as known_at
    from {{ ref('stg_identities') }} as now
    inner join {{ ref('stg_identity_versions') }} as versions
        on versions.source = now.source and versions.identity_ref = now.identity_ref
        and versions.email_key = now.email_key
    where now.role = 'mailbox'
    group by now.identity_ref, now.email_key

)

select email_key, first_email_key, known_at from further
union all
select first_email_key, first_email_key, min(known_at) from further group by first_email_key
