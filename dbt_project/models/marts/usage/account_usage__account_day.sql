{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-analytics', 'day': 'activity_on', 'spine': 'core.dim_activity_date.day_on',
        'definition_version': 1}
) }}

-- depends_on: {{ ref('fct_rewritten_date') }}

with

accounts as (

    select account_id, case when account_id = 'unknown' then cast('0001-01-01' as date) else first_on end as first_on
    from {{ ref('dim_account') }}

),

wanted as (

    {% if is_incremental() -%}
    {{ days_to_rebuild(this, 28) }} union {{ days_of_moved_accounts() }}
    {%- else -%}select day_on from {{ ref('dim_activity_date') }}{%- endif %}

),

bounds as (

    select {{ add_days('min(day_on)', -27) }} as first_on, max(day_on) as last_on from wanted

),

days as (

    select days.*
    from {{ ref('fct_person_day') }} as days
    inner join bounds on days.activity_on between bounds.first_on and bounds.last_on

),

counted as (

    select account_id, person_id, activity_on from days where is_countable

),

spine as (

    {{ date_spine('(select first_on from bounds)', '(select last_on from bounds)') }}

),

windows as (

    {{ people_in_windows('counted', 'account_id', [7, 28], 'spine') }}

),

facts as (

    select
        account_id, activity_on,
        sum(value_event_count) as event_count,
        sum(case when is_countable then 0 else 1 end) as excluded_count
    from days
    group by account_id, activity_on

),

features as (

    select features.account_id, features.activity_on, count(distinct features.feature_id) as feature_count
    from {{ ref('fct_person_feature_day') }} as features
    inner join bounds on features.activity_on between bounds.first_on and bounds.last_on
    where features.is_countable and features.feature_id <> 'none'
    group by features.account_id, features.activity_on

),

numbers as (

    select
        accounts.account_id, wanted.day_on, versions.plan, versions.paid_seat_count,
        cast(coalesce(windows.active1_count, 0) as bigint) as active_person_count,
        cast(coalesce(windows.active7_count, 0) as bigint) as active7_person_count,
        cast(coalesce(windows.active28_count, 0) as bigint) as active28_person_count,
        cast(coalesce(facts.event_count, 0) as bigint) as event_count,
        cast(coalesce(features.feature_count, 0) as bigint) as feature_count,
        cast(coalesce(facts.excluded_count, 0) as bigint) as excluded_person_count,
        -- People beyond the seats that are paid for don't raise utilisation above all of them.
        case
            when versions.paid_seat_count > 0
                then {{ least_of('coalesce(windows.active28_count, 0)', 'versions.paid_seat_count') }}
        end as used_seat_count
    from wanted
    inner join accounts on accounts.first_on <= wanted.day_on
    inner join {{ ref('dim_account_version') }} as versions
        on versions.account_id = accounts.account_id and wanted.day_on >= versions.valid_from_on
        and (versions.valid_to_on is null or wanted.day_on < versions.valid_to_on)
    left join windows on windows.account_id = accounts.account_id and windows.day_on = wanted.day_on
    left join facts on facts.account_id = accounts.account_id and facts.activity_on = wanted.day_on
    left join features on features.account_id = accounts.account_id and features.activity_on = wanted.day_on

)

select
    numbers.account_id, numbers.day_on as activity_on, numbers.plan,
    numbers.active_person_count, numbers.active7_person_count, numbers.active28_person_count,
    numbers.paid_seat_count,
    cast(numbers.used_seat_count as bigint) as seat_utilisation_num,
    numbers.paid_seat_count as seat_utilisation_den,
    {{ rate('numbers.used_seat_count', 'numbers.paid_seat_count') }} as seat_utilisation_rate,
    numbers.event_count, numbers.feature_count, numbers.excluded_person_count,
    days.is_complete, days.data_through_at, 1 as definition_version
from numbers
inner join {{ ref('dim_activity_date') }} as days on days.day_on = numbers.day_on
order by numbers.day_on
