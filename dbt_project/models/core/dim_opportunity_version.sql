with

-- Of versions of the same moment the last by content.
ranked as (

    select
        *,
        row_number() over (
            partition by source, opportunity_id, updated_at order by content_key desc
        ) as version_rank,
        min(updated_at) over (partition by source, opportunity_id) as first_at
    from {{ ref('stg_opportunity_versions') }}

),

periods as (

    select
        *,
        lead(updated_at) over (partition by source, opportunity_id order by updated_at) as valid_to_at
    from ranked
    where version_rank = 1

)

select
    periods.source, periods.opportunity_id,
    coalesce(accounts.account_id, 'unknown') as account_id,
    coalesce(parents.ultimate_parent_id, accounts.account_id, 'unknown') as ultimate_parent_id,
    periods.stage, periods.amount_minor, coalesce(periods.currency, '{{ setting("org_currency") }}') as currency,
    periods.probability,
    not periods.is_closed and not periods.is_deleted as is_open,
    periods.is_won, periods.closes_on,
    case
        when periods.updated_at = periods.first_at then {{ least_of('periods.updated_at', 'periods.created_at') }}
        else periods.updated_at
    end as valid_from_at,
    periods.valid_to_at
from periods
left join {{ ref('bridge_account') }} as accounts
    on accounts.alias_type = 'account_ref' and accounts.alias = periods.source || ':' || periods.account_ref
left join {{ ref('dim_account') }} as parents on parents.account_id = accounts.account_id
