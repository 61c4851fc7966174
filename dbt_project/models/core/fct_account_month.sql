with

-- The last day of which anything is known: no month ends later.
reach as (

    select cast(max(high_water_at) as date) as last_on from {{ ref('dim_contract') }}

),

-- What the first version says is taken to hold since the account was made, and no longer.
accounts as (

    select
        accounts.account_id, accounts.ultimate_parent_id,
        accounts.is_countable and not accounts.is_deleted as is_countable,
        min(cast(versions.updated_at as date)) as known_from_on,
        min({{ least_of('cast(versions.updated_at as date)', 'cast(accounts.created_at as date)') }}) as starts_on
    from {{ ref('dim_account') }} as accounts
    inner join {{ ref('stg_account_versions') }} as versions
        on versions.source = accounts.record_source and versions.account_ref = accounts.record_ref
    group by accounts.account_id, accounts.ultimate_parent_id, accounts.is_countable, accounts.is_deleted
    having max(versions.arr_minor) > 0

),

days as (

    {{ date_spine('(select min(starts_on) from accounts)', '(select last_on from reach)') }}

),

months as (

    select month_on, max(day_on) as closes_on
    from (select day_on, cast(date_trunc('month', day_on) as date) as month_on from days where day_on is not null) as d
    group by month_on

),

closings as (

    select
        accounts.*, months.month_on, months.closes_on, versions.plan,
        coalesce(versions.currency, '{{ setting("org_currency") }}') as currency,
        {{ recurring_minor('versions') }} as arr_minor
    from accounts
    inner join months on months.closes_on >= accounts.starts_on
    inner join {{ ref('dim_account_version') }} as versions
        on versions.account_id = accounts.account_id
        and versions.valid_from_on <= months.closes_on
        and (versions.valid_to_on is null or versions.valid_to_on > months.closes_on)

),

-- Without a figure there is no customer yet; a figure that vanished later is unknown.
figures as (

    select
        *,
        case when count(arr_minor) over (partition by account_id order by month_on) = 0 then 0 else arr_minor end
            as figure_minor
    from closings

),

carried as (

    select
        figures.*,
        rates.minor_rate, rates.constant_minor_rate,
        lag(figures.figure_minor, 1, 0) over by_month as opening_minor,
        lag(figures.currency, 1, figures.currency) over by_month as opening_currency
    from figures
    left join {{ ref('dim_exchange_rate') }} as rates
        on rates.currency = figures.currency
        and rates.valid_from_on <= figures.closes_on
        and (rates.valid_to_on is null or rates.valid_to_on > figures.closes_on)
    window by_month as (partition by figures.account_id order by figures.month_on)

),

converted as (

    select
        carried.account_id, carried.ultimate_parent_id, carried.month_on, carried.closes_on, carried.plan,
        carried.is_countable, carried.closes_on < carried.known_from_on as is_assumed,
        carried.currency, carried.figure_minor, carried.opening_currency, carried.opening_minor,
        {{ converted('carried.figure_minor', 'carried.minor_rate') }} as closing_spot_minor,
        {{ converted('carried.figure_minor', 'carried.constant_minor_rate') }} as closing_constant_minor,
        {{ converted('carried.opening_minor', 'rates.minor_rate') }} as revalued_spot_minor
    from carried
    left join {{ ref('dim_exchange_rate') }} as rates
        on rates.currency = carried.opening_currency
        and rates.valid_from_on <= carried.closes_on
        and (rates.valid_to_on is null or rates.valid_to_on > carried.closes_on)

)

select
    account_id, ultimate_parent_id, month_on, closes_on, plan, is_countable, is_assumed,
    opening_currency, cast(opening_minor as bigint) as opening_minor,
    currency, cast(figure_minor as bigint) as closing_minor,
    cast(lag(closing_spot_minor, 1, 0) over by_month as bigint) as opening_spot_minor,
    cast(revalued_spot_minor as bigint) as revalued_spot_minor,
    cast(closing_spot_minor as bigint) as closing_spot_minor,
    cast(lag(closing_constant_minor, 1, 0) over by_month as bigint) as opening_constant_minor,
    cast(closing_constant_minor as bigint) as closing_constant_minor
from converted
window by_month as (partition by account_id order by month_on)
