with

-- What a vendor no longer says joins nobody; what it still says is as old as its first word. A further
-- mailbox that was taken away just stops to come: it is older than the contact.
further as (

    select now.identity_ref as email_key, now.email_key as first_email_key, min(versions.known_at) as known_at
    from {{ ref('stg_identities') }} as now
    inner join {{ ref('stg_identity_versions') }} as versions
        on versions.source = now.source and versions.identity_ref = now.identity_ref
        and versions.email_key = now.email_key
    inner join {{ ref('stg_identities') }} as contacts
        on contacts.source = now.source and contacts.email_key = now.email_key
        and contacts.updated_at <= now.updated_at
    where now.role = 'mailbox' and contacts.role not in ('device', 'mailbox')
    group by now.identity_ref, now.email_key

)

select email_key, first_email_key, known_at from further
union all
select first_email_key, first_email_key, min(known_at) from further group by first_email_key
