with

-- One state a day: the last of the day, ties by content.
daily as (

    select
        accounts.account_id, accounts.churned_on as left_on, versions.churned_on,
        cast(versions.updated_at as date) as known_on,
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
        or paid_seat_count is distinct from lag(paid_seat_count) over known_order
        or churned_on is distinct from lag(churned_on) over known_order as is_change
    from daily
    where state_rank = 1
    window known_order as (partition by account_id order by known_on)

),

-- What the first version says also held before it was written down.
changes as (

    select
        *,
        case when lag(known_on) over change_order is null then cast('0001-01-01' as date) else known_on end
            as starts_on,
        {{ least_of('lead(known_on) over change_order', 'left_on') }} as ends_on
    from marked
    where is_change
    window change_order as (partition by account_id order by known_on)

),

-- Who left and came back has a gap, from the versions of that time; who left for good has no plan
-- from that day on, whenever it became known.
periods as (

    select
        account_id, plan, lifecycle, arr_minor, currency, paid_seat_count,
        starts_on as valid_from_on, {{ least_of('ends_on', 'churned_on') }} as valid_to_on
    from changes
    union all
    select
        account_id, 'churned', 'churned', 0, currency, null,
        {{ greatest_of('starts_on', 'churned_on') }}, ends_on
    from changes
    where churned_on is not null
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
