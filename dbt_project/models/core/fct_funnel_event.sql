with

-- Only funnels that hold a property need to look into the events themselves.
held as (

    select source, event_id, properties
    from {{ ref('stg_usage_events') }}
    where event_name in (select event_name from {{ ref('dim_funnel_step') }} where held_property is not null)

),

named as (

    select
        steps.funnel_id, steps.funnel_version, steps.is_exclusion, steps.step_number, steps.window_hours,
        people.person_id,
        coalesce(events.group_id, people.account_id) as account_id,
        case
            when steps.held_property is null then 'all'
            else {{ json_text_at('held.properties', 'steps.held_property') }}
        end as held_value,
        events.occurred_at, events.received_at, events.event_id, events.source,
        {{ local_date('events.occurred_at', 'people.reporting_time_zone') }} as activity_on
    from {{ ref('fct_event') }} as events
    inner join {{ ref('dim_funnel_step') }} as steps on steps.event_name = events.event_name
    left join {{ ref('bridge_handover') }} as handovers
        on events.alias_type = 'anonymous_id' and handovers.anonymous_id = events.alias
        and events.occurred_at > handovers.after_at and events.occurred_at <= handovers.until_at
    inner join {{ ref('bridge_identity') }} as people
        on people.alias_type = case when handovers.user_id is null then events.alias_type else 'user_id' end
        and people.alias = coalesce(handovers.user_id, events.alias)
    left join held on held.source = events.source and held.event_id = events.event_id
    where events.is_countable and events.event_class <> 'system'

),

barred as (

    select named.source, named.event_id
    from named
    inner join {{ ref('dim_exclusion') }} as rules
        on rules.subject_type = 'person' and rules.subject_id = named.person_id
        and (rules.valid_from_on is null or named.activity_on >= rules.valid_from_on)
        and (rules.valid_to_on is null or named.activity_on < rules.valid_to_on)
    union
    select named.source, named.event_id
    from named
    inner join {{ ref('dim_exclusion') }} as rules
        on rules.subject_type <> 'person' and rules.subject_id = named.account_id
        and (rules.valid_from_on is null or named.activity_on >= rules.valid_from_on)
        and (rules.valid_to_on is null or named.activity_on < rules.valid_to_on)

)

-- An event that is two steps has one place, so it can never follow itself.
select
    named.funnel_id, named.funnel_version, named.person_id, named.held_value,
    dense_rank() over (
        order by named.funnel_id, named.funnel_version, named.person_id, named.held_value
    ) as track_number,
    dense_rank() over (
        partition by named.funnel_id, named.funnel_version, named.person_id
        order by named.occurred_at, named.received_at, named.event_id, named.source
    ) as place_number,
    named.is_exclusion, named.step_number, named.occurred_at, named.activity_on,
    cast(named.occurred_at + named.window_hours * interval '1' hour as timestamp) as window_ends_at
from named
left join barred on barred.source = named.source and barred.event_id = named.event_id
where barred.event_id is null and named.held_value is not null
