with

-- Each pair was seen on many days, and each type of them is found by itself.
groups as (
    {% for edge_type, alias_type in [('user_group', 'user_id'), ('anonymous_group', 'anonymous_id')] %}
    select '{{ alias_type }}' as alias_type, left_alias as alias, right_alias as account_id, max(observed_on) as known_on
    from {{ ref('int_identity__edge') }}
    where edge_type = '{{ edge_type }}'
    group by left_alias, right_alias
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

candidates as (

    -- The product's own groups know best; of several the one seen last.
    select
        aliases.person_id, groups.account_id, 1 as basis_rank, 'product group' as account_basis,
        max(groups.known_on) as known_on
    from groups
    inner join {{ ref('int_identity__alias') }} as aliases
        on aliases.alias_type = groups.alias_type and aliases.alias = groups.alias
    group by aliases.person_id, groups.account_id
    union all
    select aliases.person_id, records.account_id, 2, 'vendor record', max(cast(known.updated_at as date))
    from {{ ref('stg_identities') }} as known
    inner join {{ ref('int_account__record') }} as records
        on records.source = known.source and records.account_ref = known.account_ref
    inner join {{ ref('int_identity__alias') }} as aliases
        on aliases.alias_type = 'vendor_ref' and aliases.alias = known.source || ':' || known.identity_ref
    group by aliases.person_id, records.account_id
    union all
    select domains.person_id, accounts.account_id, 3, 'e-mail domain', cast('1970-01-01' as date)
    from {{ ref('int_identity__domain') }} as domains
    inner join {{ ref('int_account__alias') }} as accounts
        on accounts.alias_type = 'domain' and accounts.alias = domains.email_domain

),

ranked as (

    select
        person_id, account_id, account_basis,
        row_number() over (
            partition by person_id order by basis_rank, known_on desc, account_id
        ) as account_rank
    from candidates

)

select person_id, account_id, account_basis
from ranked
where account_rank = 1
