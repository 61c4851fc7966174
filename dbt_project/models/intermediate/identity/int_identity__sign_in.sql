{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-ops', 'day': 'observed_on', 'rewritten': 'staging.stg_touched_dates.event_on'}
) }}

-- depends_on: {{ ref('stg_touched_dates') }}

with

observed as (

    select cast(occurred_at as date) as observed_on, anonymous_id, user_id, occurred_at
    from {{ ref('stg_usage_events') }}
    where
        anonymous_id is not null
        {%- if is_incremental() %}
        and {{ within_days('occurred_at', ref('stg_touched_dates'), 'event_on') }}
        {%- endif %}
    union all
    select cast(occurred_at as date), previous_id, user_id, occurred_at
    from {{ ref('stg_usage_events') }}
    where
        event_type in ('alias', 'identify') and previous_id is not null and user_id is not null
        {%- if is_incremental() %}
        and {{ within_days('occurred_at', ref('stg_touched_dates'), 'event_on') }}
        {%- endif %}

),

unsigned_days as (

    select observed_on, anonymous_id from observed where user_id is null group by observed_on, anonymous_id

),

-- Where nobody was unsigned that day or just before midnight, nobody's sign-in matters.
candidates as (

    select observed.observed_on, observed.anonymous_id, observed.user_id, observed.occurred_at
    from observed
    left join unsigned_days
        on unsigned_days.anonymous_id = observed.anonymous_id and unsigned_days.observed_on = observed.observed_on
    where
        unsigned_days.anonymous_id is not null
        or observed.occurred_at < cast(observed.observed_on as timestamp) + interval '30' minute

),

ordered as (

    select
        observed_on, anonymous_id, user_id, occurred_at,
        lag(user_id) over (
            partition by anonymous_id, observed_on
            order by occurred_at, case when user_id is null then 0 else 1 end, user_id
        ) as previous_user_id
    from candidates

)

-- After a signed use the next signed one is nobody's sign-in. A day's first one may be none either;
-- it is kept, because no use between it and the real one is unsigned.
select observed_on, anonymous_id, user_id, occurred_at as signed_in_at
from ordered
where user_id is not null and previous_user_id is null
order by observed_on
