{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-ops', 'day': 'observed_on', 'rewritten': 'staging.stg_touched_dates.event_on'}
) }}

-- depends_on: {{ ref('stg_touched_dates') }}

{% set minute_limit = setting('id_minute_event_limit') %}
{% set day_limit = setting('id_day_event_limit') %}
with

actions as (

    select
        cast(occurred_at as date) as observed_on,
        case when user_id is not null then 'user_id' else 'anonymous_id' end as alias_type,
        coalesce(user_id, anonymous_id) as alias,
        occurred_at
    from {{ ref('stg_usage_events') }}
    where
        event_type in ('track', 'page', 'screen')
        and coalesce(is_active, true)
        and coalesce(user_id, anonymous_id) is not null
        {%- if is_incremental() %}
        and {{ within_days('occurred_at', ref('stg_touched_dates'), 'event_on') }}
        {%- endif %}

),

-- Only who did that much in a day can have done it in a minute.
busy as (

    select observed_on, alias_type, alias, count(*) as event_count
    from actions
    group by observed_on, alias_type, alias
    having count(*) > {{ [minute_limit, day_limit] | min }}

),

minutes as (

    select actions.observed_on, actions.alias_type, actions.alias, count(*) as event_count
    from actions
    inner join busy
        on busy.observed_on = actions.observed_on and busy.alias_type = actions.alias_type and busy.alias = actions.alias
    group by actions.observed_on, actions.alias_type, actions.alias, date_trunc('minute', actions.occurred_at)

),

fastest as (

    select observed_on, alias_type, alias, max(event_count) as minute_event_count
    from minutes
    group by observed_on, alias_type, alias

)

select busy.observed_on, busy.alias_type, busy.alias, busy.event_count, fastest.minute_event_count
from busy
inner join fastest
    on fastest.observed_on = busy.observed_on and fastest.alias_type = busy.alias_type and fastest.alias = busy.alias
where busy.event_count > {{ day_limit }} or fastest.minute_event_count > {{ minute_limit }}
order by busy.observed_on
