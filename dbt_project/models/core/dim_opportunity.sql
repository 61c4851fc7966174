{%- set zone = "'" ~ setting('org_time_zone') ~ "'" %}

with

reach as (

    select high_water_at, {{ local_date('high_water_at', zone) }} as reached_on
    from {{ ref('dim_contract') }}
    where contract = 'opportunities'

),

-- Since when it is closed for good: the first version after the last one that was open.
last_open as (

    select source, opportunity_id, max(updated_at) as open_at
    from {{ ref('stg_opportunity_versions') }}
    where not is_closed
    group by source, opportunity_id

),

closings as (

    select
        versions.source, versions.opportunity_id,
        {{ local_date('min(versions.updated_at)', zone) }} as known_on
    from {{ ref('stg_opportunity_versions') }} as versions
    left join last_open
        on last_open.source = versions.source and last_open.opportunity_id = versions.opportunity_id
    where versions.is_closed and (last_open.open_at is null or versions.updated_at > last_open.open_at)
    group by versions.source, versions.opportunity_id

),

deals as (

    select
        deals.*, closings.known_on,
        {{ local_date('deals.created_at', zone) }} as created_on,
        case when deals.is_deleted then 'deleted' when not coalesce(deals.is_closed, false) then 'open'
            when deals.is_won then 'won' else 'lost' end as outcome
    from {{ ref('stg_opportunities') }} as deals
    left join closings on closings.source = deals.source and closings.opportunity_id = deals.opportunity_id

),

-- A stated day before creation or after it was told of is a plan and not the day of closing.
dated as (

    select
        *,
        case when outcome in ('won', 'lost') then case
            when closes_on <= known_on and (created_on is null or closes_on >= created_on) then closes_on
            else {{ greatest_of('known_on', 'created_on') }}
        end end as closed_on
    from deals

)

select
    dated.source, dated.opportunity_id, dated.name, dated.stage, dated.outcome,
    coalesce(accounts.account_id, 'unknown') as account_id,
    coalesce(parents.ultimate_parent_id, accounts.account_id, 'unknown') as ultimate_parent_id,
    case
        when accounts.account_id is not null then null
        when dated.account_ref is null then 'no account named'
        else 'account not known'
    end as unmatched_reason,
    case when dated.outcome = 'deleted' then 'deleted' when not parents.is_countable then parents.exclusion_reasons end
        as exclusion_reason,
    dated.created_on, dated.closes_on, dated.closed_on,
    coalesce(dated.closed_on, reach.reached_on) as seen_on,
    dated.amount_minor, coalesce(dated.currency, '{{ setting("org_currency") }}') as currency,
    cast({{ converted('dated.amount_minor', 'rates.minor_rate') }} as bigint) as amount_spot_minor,
    cast({{ converted('dated.amount_minor', 'rates.constant_minor_rate') }} as bigint) as amount_constant_minor
from dated
cross join reach
left join {{ ref('bridge_account') }} as accounts
    on accounts.alias_type = 'account_ref' and accounts.alias = dated.source || ':' || dated.account_ref
left join {{ ref('dim_account') }} as parents on parents.account_id = accounts.account_id
{{ join_rates('rates', 'dated.currency', 'coalesce(dated.closed_on, reach.reached_on)') }}
