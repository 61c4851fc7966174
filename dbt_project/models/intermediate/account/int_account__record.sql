with recursive

public_domains as (

    select email_domain from {{ ref('public_email_domains') }}
    {%- for domain in setting('public_email_domains') %}
    union
    select '{{ domain }}'
    {%- endfor %}

),

records as (

    select
        accounts.source, accounts.account_ref, accounts.external_id, accounts.name,
        case when public_domains.email_domain is null then lower(accounts.domain) end as domain,
        accounts.parent_ref, accounts.plan, accounts.lifecycle, accounts.arr_minor, accounts.currency,
        accounts.paid_seat_count, accounts.time_zone, accounts.owner_ref, accounts.industry,
        accounts.churned_on, accounts.created_at, coalesce(accounts.is_deleted, false) as is_deleted
    from {{ ref('stg_accounts') }} as accounts
    left join public_domains on public_domains.email_domain = lower(accounts.domain)

),

domains as (

    select domain, min(external_id) as external_id, count(distinct external_id) as external_count
    from records
    where domain is not null and not is_deleted
    group by domain

),

resolved as (

    select
        records.*,
        coalesce(
            records.external_id,
            case domains.external_count when 1 then domains.external_id when 0 then records.domain end,
            records.source || ':' || records.account_ref
        ) as account_id
    from records
    left join domains on domains.domain = records.domain

),

-- What a company was merged into may itself have been merged since.
successors as (

    select source, account_ref, parent_ref as successor_ref, 1 as depth
    from records
    where is_deleted and lifecycle = 'merged'
    union all
    select successors.source, successors.account_ref, records.parent_ref, successors.depth + 1
    from successors
    inner join records
        on records.source = successors.source and records.account_ref = successors.successor_ref
    where records.is_deleted and records.lifecycle = 'merged' and successors.depth < 10

),

merged as (

    select successors.source, successors.account_ref, stays.account_id
    from successors
    inner join resolved as stays
        on stays.source = successors.source and stays.account_ref = successors.successor_ref
    where not stays.is_deleted

),

told as (

    select resolved.*, coalesce(merged.account_id, resolved.account_id) as told_account_id
    from resolved
    left join merged on merged.source = resolved.source and merged.account_ref = resolved.account_ref

)

select
    source, account_ref, told_account_id as account_id, external_id, name, domain, parent_ref, plan, lifecycle,
    arr_minor, currency, paid_seat_count, time_zone, owner_ref, industry, churned_on, created_at,
    is_deleted,
    -- The record whose commercial facts count: a live one that has any, then by name of the source.
    row_number() over (
        partition by told_account_id
        order by
            case when is_deleted then 1 else 0 end,
            case when arr_minor is not null or plan is not null then 0 else 1 end,
            source, account_ref
    ) = 1 as is_primary
from told
