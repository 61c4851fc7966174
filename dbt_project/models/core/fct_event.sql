{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-analytics', 'day': 'event_on', 'rewritten': 'staging.stg_touched_dates.event_on'}
) }}

-- depends_on: {{ ref('stg_touched_dates') }}

with

events as (

    select *, cast(occurred_at as date) as event_on
    from {{ ref('stg_usage_events') }}
    {%- if is_incremental() %}
    where {{ within_days('occurred_at', ref('stg_touched_dates'), 'event_on') }}
    {%- endif %}

),

planned as (

    select
        event_name, feature_id, event_class,
        row_number() over (partition by event_name order by source) as plan_rank
    from {{ ref('stg_tracking_plan') }}

),

-- Without any tracking plan nobody has said what counts, so every tracked event does.
plans as (

    select count(*) as plan_count from planned

),

rules as (

    select
        subject_type, lower(subject) as subject_key, reason,
        coalesce(valid_from, cast('0001-01-01' as date)) as valid_from_on,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to_on
    from {{ ref('stg_exclusions') }}
    where subject_type in ('user_agent', 'event_name')

),

-- Rules are held against each client and name once a day, not against each event.
clients as (

    select event_on, user_agent, lower(user_agent) as client
    from events
    where user_agent is not null
    group by event_on, user_agent

),

bots as (

    select
        clients.event_on, clients.user_agent,
        coalesce(min(rules.reason), 'bot_ua') as reason
    from clients
    left join rules
        on rules.subject_type = 'user_agent'
        and instr(clients.client, rules.subject_key) > 0
        and clients.event_on >= rules.valid_from_on and clients.event_on < rules.valid_to_on
    where rules.reason is not null or {{ is_bot_client('clients.client') }}
    group by clients.event_on, clients.user_agent

),

banned_names as (

    select names.event_on, names.event_name, min(rules.reason) as reason
    from (select event_on, event_name from events group by event_on, event_name) as names
    inner join rules
        on rules.subject_type = 'event_name' and rules.subject_key = lower(names.event_name)
        and names.event_on >= rules.valid_from_on and names.event_on < rules.valid_to_on
    group by names.event_on, names.event_name

)

select
    events.source, events.event_id, events.event_on, events.occurred_at, events.received_at,
    events.event_name, events.event_type,
    case
        when events.is_active = false then 'system'
        when planned.event_class is not null then planned.event_class
        when events.event_type in ('identify', 'group', 'alias') then 'system'
        when events.event_type in ('page', 'screen') then 'neutral'
        when plans.plan_count = 0 then 'value'
        else 'unmapped'
    end as event_class,
    planned.feature_id,
    case when events.user_id is not null then 'user_id' when events.anonymous_id is not null then 'anonymous_id' end
        as alias_type,
    coalesce(events.user_id, events.anonymous_id) as alias,
    events.group_id, events.session_id, events.platform, events.page_path, events.is_clock_skewed,
    case when events.event_name = 'Experiment Viewed' then {{ json_text('events.properties', 'experiment_id') }} end
        as experiment_id,
    case when events.event_name = 'Experiment Viewed' then {{ json_text('events.properties', 'variation_id') }} end
        as variation_id,
    coalesce(bots.reason, banned_names.reason, rapid.reason) is null as is_countable,
    coalesce(bots.reason, banned_names.reason, rapid.reason) as exclusion_reason,
    events.loaded_at
from events
cross join plans
left join planned on planned.event_name = events.event_name and planned.plan_rank = 1
left join bots on bots.event_on = events.event_on and bots.user_agent = events.user_agent
left join banned_names
    on banned_names.event_on = events.event_on and banned_names.event_name = events.event_name
left join (select *, 'bot_rate' as reason from {{ ref('int_usage__rapid_id') }}) as rapid
    on rapid.observed_on = events.event_on and rapid.alias = coalesce(events.user_id, events.anonymous_id)
    and rapid.alias_type = case when events.user_id is not null then 'user_id' else 'anonymous_id' end
order by events.event_on
