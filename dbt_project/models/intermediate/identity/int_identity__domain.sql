with

found as (

    select aliases.person_id, edges.right_alias as email_domain
    from {{ ref('int_identity__edge') }} as edges
    inner join {{ ref('int_identity__alias') }} as aliases
        on aliases.alias_type = 'user_id' and aliases.alias = edges.left_alias
    where edges.edge_type = 'user_domain'
    union all
    select aliases.person_id, lower(known.email_domain)
    from {{ ref('stg_identities') }} as known
    inner join {{ ref('int_identity__alias') }} as aliases
        on aliases.alias_type = 'vendor_ref' and aliases.alias = known.source || ':' || known.identity_ref
    where known.email_domain is not null

)

select person_id, email_domain
from found
group by person_id, email_domain
