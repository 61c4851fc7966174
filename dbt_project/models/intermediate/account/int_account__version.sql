with

-- One state a day: the last of the day, ties by content.
daily as (

    select
        accounts.account_id, accounts.churned_on, cast(versions.updated_at as date) as known_on,
        versions.plan, versions.lifecycle, versions.arr_minor, versions.currency, versions.paid_seat_count,
        row_number() over (
            partition by accounts.account_id, cast(versions.updated_at as date)
            order by versions.updated_at desc, versions.content_key
        ) as state_rank
    from {{ ref('int_account__account') }} as accounts
    inner join {{ ref('stg_account_versions') }} as versions
        on versions.source = accounts.record_source and versions.account_ref = accounts.record_ref

),

marked as (

    select
        *,
        lag(account_id) over known_order is null
        or plan is distinct from lag(plan) over known_order
        or lifecycle is distinct from lag(lifecycle) over known_order
        or arr_minor is distinct from lag(arr_minor) over known_order
        or currency is distinct from lag(currency) over known_order
        or paid_seat_count is distinct from lag(paid_seat_count) over known_order as is_change
    from daily
    where state_rank = 1
    window known_order as (partition by account_id order by known_on)

),

changes as (

    select
        *,
        row_number() over (partition by account_id order by known_on) as version_number,
        lead(known_on) over (partition by account_id order by known_on) as next_on
    from marked
    where is_change

),

-- What the first version says also held before it was written down.
periods as (

    select
        account_id, plan, lifecycle, arr_minor, currency, paid_seat_count,
        case when version_number > 1 then known_on else cast('0001-01-01' as date) end as valid_from_on,
        {{ least_of('next_on', 'churned_on') }} as valid_to_on
    from changes
    union all
    select account_id, 'churned', 'churned', 0, currency, null, churned_on, null
    from {{ ref('int_account__account') }}
    where churned_on is not null
    union all
    select account_id, null, null, null, null, null, cast('0001-01-01' as date), null
    from {{ ref('int_account__account') }}
    where record_ref is null

)

select
    account_id, coalesce(plan, 'unknown') as plan, lifecycle, arr_minor, currency,
    case when plan in ('free', 'trial') or plan is null then null else paid_seat_count end as paid_seat_count,
    valid_from_on, valid_to_on
from periods
where valid_to_on is null or valid_from_on < valid_to_on
