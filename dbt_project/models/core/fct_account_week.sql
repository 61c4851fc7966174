with

weeks as (

    select {{ week_of('day_on') }} as week_on, day_on as last_on, is_complete, data_through_at
    from {{ ref('dim_activity_date') }}
    where day_on = {{ add_days(week_of('day_on'), 6) }}

),

-- Accounts that have been silent for longer than their source's promise are not waited for.
reach as (

    select
        high_water_at as accounts_reach_at,
        {{ seconds_between('high_water_at', as_of_at()) }} <= fail_hours * 3600 as is_awaited,
        (select min(day_on) from {{ ref('dim_activity_date') }}) as usage_from_on,
        (select min(week_on) from {{ ref('dim_support_date') }}) as support_from_on
    from {{ ref('dim_contract') }}
    where contract = 'accounts'

),

accounts as (

    select
        accounts.account_id, min(cast(versions.updated_at as date)) as known_from_on,
        min({{ greatest_of('reach.usage_from_on', 'accounts.first_on') }}) as begins_on
    from {{ ref('dim_account') }} as accounts
    inner join {{ ref('stg_account_versions') }} as versions
        on versions.source = accounts.record_source and versions.account_ref = accounts.record_ref
    cross join reach
    where accounts.is_countable and not accounts.is_deleted
    group by accounts.account_id
    having max(versions.arr_minor) > 0

),

-- Each week of each account, also those without any sign and those before it paid: windows need them.
grid as (

    select
        accounts.*, weeks.*,
        coalesce(signs.active_person_count, 0) as active_person_count,
        signs.active28_person_count, signs.feature_count,
        sum(coalesce(signs.active_person_count, 0)) over (
            partition by accounts.account_id order by weeks.week_on rows between 8 preceding and 1 preceding
        ) / 8.0 as baseline_person_count,
        max(signs.last_active_on) over (partition by accounts.account_id order by weeks.week_on) as last_active_on,
        sum(coalesce(signs.ticket_count, 0)) over (
            partition by accounts.account_id order by weeks.week_on rows between 3 preceding and current row
        ) as ticket28_count,
        sum(coalesce(signs.mood_sum, 0)) over half_year as mood_sum,
        sum(coalesce(signs.mood_count, 0)) over half_year as mood_count,
        signs.severe_count
    from accounts
    cross join weeks
    left join {{ ref('fct_account_week_sign') }} as signs
        on signs.account_id = accounts.account_id and signs.week_on = weeks.week_on
    window half_year as (
        partition by accounts.account_id order by weeks.week_on rows between 25 preceding and current row
    )

),

paying as (

    select
        grid.*, versions.plan, versions.arr_minor, versions.paid_seat_count,
        coalesce(versions.currency, '{{ setting("org_currency") }}') as currency,
        grid.begins_on <= {{ add_days('grid.week_on', -21) }} as is_known28
    from grid
    inner join {{ ref('dim_account_version') }} as versions
        on versions.account_id = grid.account_id and versions.valid_from_on <= grid.last_on
        and (versions.valid_to_on is null or versions.valid_to_on > grid.last_on)
    where {{ recurring_minor('versions') }} > 0

)

select
    paying.account_id, paying.week_on, paying.last_on, paying.plan,
    cast(paying.arr_minor as bigint) as arr_minor, paying.currency,
    cast(paying.active_person_count as bigint) as active_person_count,
    case when paying.begins_on <= {{ add_days('paying.week_on', -56) }} then paying.baseline_person_count end
        as baseline_person_count,
    case when paying.is_known28 then coalesce(paying.active28_person_count, 0) end as active28_person_count,
    case when paying.is_known28 then coalesce(paying.feature_count, 0) end as feature_count,
    paying.paid_seat_count,
    {{ days_between('coalesce(paying.last_active_on, paying.begins_on)', 'paying.last_on') }} as idle_day_count,
    case
        when ends.day_on is not null and paying.week_on >= {{ add_days('reach.support_from_on', 21) }}
            then cast(paying.ticket28_count as bigint)
    end as ticket28_count,
    case when ends.day_on is not null then coalesce(paying.severe_count, 0) end as severe_open_count,
    cast(paying.mood_sum as bigint) as sentiment_sum, cast(paying.mood_count as bigint) as sentiment_count,
    paying.last_on < paying.known_from_on as is_assumed,
    paying.is_complete
        and (reach.support_from_on is null or coalesce(ends.is_complete, false))
        and (reach.accounts_reach_at >= {{ day_over_at('paying.last_on') }} or not reach.is_awaited) as is_complete,
    {{ least_of(least_of('paying.data_through_at', 'reach.accounts_reach_at'), 'ends.data_through_at') }} as data_through_at
from paying
cross join reach
left join {{ ref('dim_support_date') }} as ends on ends.day_on = paying.last_on
