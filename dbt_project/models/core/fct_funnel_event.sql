-- depends_on: {{ ref('int_usage__touched_person') }}
-- depends_on: {{ ref('dim_funnel_step') }}
{% set built = previous('core', 'fct_funnel_entry') %}
with

named as (

    select
        uses.funnel_id, uses.funnel_version, uses.is_exclusion, uses.step_number, uses.window_hours,
        people.person_id,
        coalesce(uses.group_id, people.account_id) as account_id,
        uses.held_value, uses.occurred_at, uses.received_at, uses.event_id, uses.source,
        {{ local_date('uses.occurred_at', 'people.reporting_time_zone') }} as activity_on
    from {{ ref('fct_funnel_use') }} as uses
    left join {{ ref('bridge_handover') }} as handovers
        on uses.alias_type = 'anonymous_id' and handovers.anonymous_id = uses.alias
        and uses.occurred_at > handovers.after_at and uses.occurred_at <= handovers.until_at
    inner join {{ ref('bridge_identity') }} as people
        on people.alias_type = case when handovers.user_id is null then uses.alias_type else 'user_id' end
        and people.alias = coalesce(handovers.user_id, uses.alias)
    {%- if built %}
    -- Attempts that may be others began one window before; those that may be open then, two.
    inner join {{ ref('int_usage__touched_person') }} as touched on touched.person_id = people.person_id
    where
        uses.event_on >= {{ funnel_days_from() }}
        and uses.occurred_at >= touched.since_on - 2 * uses.window_hours * interval '1' hour
    {%- endif %}

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

),

counted as (

    select named.*
    from named
    left join barred on barred.source = named.source and barred.event_id = named.event_id
    where barred.event_id is null

),

-- Numbered apart from the events: sorting all of them by four texts takes longer than all the rest.
tracks as (

    select
        funnel_id, funnel_version, person_id, held_value,
        row_number() over (order by funnel_id, funnel_version, person_id, held_value) as track_number,
        dense_rank() over (order by funnel_id, funnel_version, person_id) as walk_number
    from (
        select funnel_id, funnel_version, person_id, held_value
        from counted
        group by funnel_id, funnel_version, person_id, held_value
    ) as found

)

-- An event that is two steps has one place, so it can never follow itself.
select
    counted.funnel_id, counted.funnel_version, counted.person_id, tracks.track_number,
    {{ place_at('counted.occurred_at', 'dense_rank() over (
        partition by tracks.walk_number, counted.occurred_at
        order by counted.received_at, counted.event_id, counted.source
    )') }} as place_number,
    counted.is_exclusion, counted.step_number, counted.occurred_at, counted.activity_on,
    cast(counted.occurred_at + counted.window_hours * interval '1' hour as timestamp) as window_ends_at
from counted
inner join tracks
    on tracks.funnel_id = counted.funnel_id and tracks.funnel_version = counted.funnel_version
    and tracks.person_id = counted.person_id and tracks.held_value = counted.held_value
