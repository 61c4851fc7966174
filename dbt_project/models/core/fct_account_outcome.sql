with

weeks as (

    select account_id, week_on, last_on, arr_minor, currency, is_assumed, {{ add_days('last_on', 90) }} as outcome_on
    from {{ ref('fct_account_week') }}

),

-- What follows within ninety days. What can't be compared with the week makes the outcome unknown.
followed as (

    select
        weeks.account_id, weeks.week_on, versions.valid_from_on,
        {{ recurring_minor('versions') }} as arr_minor, weeks.arr_minor as before_minor,
        coalesce(versions.currency, '{{ setting("org_currency") }}') = weeks.currency as is_same_currency
    from weeks
    inner join {{ ref('dim_account_version') }} as versions
        on versions.account_id = weeks.account_id and versions.valid_from_on > weeks.last_on
        and versions.valid_from_on <= weeks.outcome_on

),

losses as (

    select
        account_id, week_on,
        min(case when arr_minor = 0 or (arr_minor < before_minor and is_same_currency) then valid_from_on end) as lost_on,
        max(case when arr_minor is null or (arr_minor > 0 and not is_same_currency) then 1 else 0 end) as is_unclear
    from followed
    group by account_id, week_on

),

-- Nobody knows yet who stays while the ninety days run. Those lost early are not counted early
-- either, or the latest weeks would consist of losses alone.
told as (

    select
        weeks.account_id, weeks.week_on, weeks.last_on, weeks.outcome_on, losses.lost_on,
        not weeks.is_assumed
        and coalesce(reach.high_water_at >= {{ day_over_at('weeks.outcome_on') }}, false)
        and (losses.lost_on is not null or coalesce(losses.is_unclear, 0) = 0) as is_known
    from weeks
    cross join (select max(high_water_at) as high_water_at from {{ ref('dim_contract') }} where contract = 'accounts') as reach
    left join losses on losses.account_id = weeks.account_id and losses.week_on = weeks.week_on

)

select
    account_id, week_on, last_on, outcome_on,
    case when is_known then lost_on is not null end as is_lost,
    case when is_known then lost_on end as lost_on
from told
