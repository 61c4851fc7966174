{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-analytics', 'day': 'week_on', 'rewritten': 'core.fct_rewritten_week.week_on'}
) }}

-- depends_on: {{ ref('fct_rewritten_week') }}

with

uses as (

    select *
    from {{ ref('fct_person_feature_week') }}
    where
        feature_id <> 'none'
        {%- if is_incremental() %}
        and week_on >= {{ first_rewritten_week() }}
        and week_on in (select week_on from {{ ref('fct_rewritten_week') }})
        {%- endif %}

),

plan_weeks as (

    select *, {{ add_days('week_on', 7) }} as next_week_on
    from {{ ref('fct_person_week') }}
    {%- if is_incremental() %}
    where
        week_on >= {{ first_rewritten_week() }}
        and week_on in (select week_on from {{ ref('fct_rewritten_week') }})
    {%- endif %}

),

users as (

    select feature_id, week_on, person_id, max(is_countable) as is_countable, sum(event_count) as event_count
    from uses
    group by feature_id, week_on, person_id

),

accounts as (

    select feature_id, week_on, count(*) as account_count
    from (
        select feature_id, week_on, account_id from uses where is_countable group by feature_id, week_on, account_id
    ) as known
    group by feature_id, week_on

),

volumes as (

    select
        feature_id, week_on,
        sum(case when is_countable then 1 else 0 end) as person_count,
        sum(case when is_countable then 0 else 1 end) as excluded_count,
        sum(event_count) as event_count
    from users
    group by feature_id, week_on

),

-- Under one of the plans that include it, while it was out, with the flag on where it has one.
entitled as (

    select features.feature_id, plan_weeks.week_on, plan_weeks.person_id
    from {{ ref('dim_feature') }} as features
    inner join plan_weeks
        on plan_weeks.last_on >= coalesce(features.released_on, plan_weeks.week_on)
        and plan_weeks.first_on < coalesce(features.retired_on, plan_weeks.next_week_on)
        and coalesce({{ json_array_has('features.entitled_plans', 'plan_weeks.plan') }}, true)
    {{ left_join_flags('features', 'plan_weeks') }}
    where features.flag_id is null or switched.person_id is not null
    group by features.feature_id, plan_weeks.week_on, plan_weeks.person_id

),

reached as (

    select entitled.feature_id, entitled.week_on, count(*) as entitled_count, count(users.person_id) as reached_count
    from entitled
    left join users
        on users.feature_id = entitled.feature_id and users.week_on = entitled.week_on
        and users.person_id = entitled.person_id and users.is_countable
    group by entitled.feature_id, entitled.week_on

)

select
    coalesce(volumes.feature_id, reached.feature_id) as feature_id,
    coalesce(volumes.week_on, reached.week_on) as week_on,
    coalesce(reached.entitled_count, 0) as entitled_person_count,
    coalesce(reached.reached_count, 0) as reached_person_count,
    cast(coalesce(volumes.person_count, 0) as bigint) as person_count,
    coalesce(accounts.account_count, 0) as account_count,
    cast(coalesce(volumes.excluded_count, 0) as bigint) as excluded_person_count,
    cast(coalesce(volumes.event_count, 0) as bigint) as event_count
from volumes
full outer join reached on reached.feature_id = volumes.feature_id and reached.week_on = volumes.week_on
left join accounts on accounts.feature_id = volumes.feature_id and accounts.week_on = volumes.week_on
order by 2
