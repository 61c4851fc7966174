{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-ops', 'day': 'observed_on', 'rewritten': 'staging.stg_touched_dates.event_on'}
) }}

-- depends_on: {{ ref('stg_touched_dates') }}

with

observed as (

    select
        cast(occurred_at as date) as observed_on,
        user_id,
        anonymous_id,
        case when event_type in ('alias', 'identify') then previous_id end as previous_id,
        group_id,
        email_key,
        email_domain,
        min(loaded_at) as known_at
    from {{ ref('stg_usage_events') }}
    {%- if is_incremental() %}
    where {{ within_days('occurred_at', ref('stg_touched_dates'), 'event_on') }}
    {%- endif %}
    group by
        cast(occurred_at as date), user_id, anonymous_id,
        case when event_type in ('alias', 'identify') then previous_id end, group_id, email_key, email_domain

),

edges as (

    select observed_on, 'user' as edge_type, user_id as left_alias, user_id as right_alias, known_at
    from observed
    union all
    -- A device that was signed in that day has the next kind of edge instead.
    select observed_on, 'anonymous', anonymous_id, anonymous_id, known_at from observed where user_id is null
    union all
    select observed_on, 'anonymous_user', anonymous_id, user_id, known_at from observed
    union all
    -- Of such a call an id that is no user's joins nobody.
    select observed_on, 'anonymous_user', previous_id, coalesce(user_id, anonymous_id), known_at from observed
    union all
    select observed_on, 'user_email', user_id, email_key, known_at from observed
    union all
    select observed_on, 'user_domain', user_id, lower(email_domain), known_at from observed
    union all
    select observed_on, 'user_group', user_id, group_id, known_at from observed
    union all
    select observed_on, 'anonymous_group', anonymous_id, group_id, known_at from observed where user_id is null

)

select observed_on, edge_type, left_alias, right_alias, min(known_at) as known_at
from edges
where left_alias is not null and right_alias is not null
group by observed_on, edge_type, left_alias, right_alias
order by observed_on
