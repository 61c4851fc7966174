{% set old_session = previous('core', 'fct_session') %}
{% set old_handover = previous('core', 'bridge_handover') %}
{% set old_exclusion = previous('core', 'dim_exclusion') %}
-- depends_on: {{ ref('int_identity__moved_alias') }}
-- depends_on: {{ ref('int_identity__exclusion') }}
{% set first_touched_on = day_found('select min(event_on) from ' ~ ref('stg_touched_dates')) %}
with

touched as (

    select event_on, {{ add_days('event_on', 1) }} as next_on from {{ ref('stg_touched_dates') }}

),

by_event as (

    select people.person_id, edges.observed_on as since_on
    from {{ ref('int_identity__edge') }} as edges
    inner join touched on touched.event_on = edges.observed_on
    inner join {{ ref('int_identity__resolution') }} as people
        on people.alias = edges.left_alias
        and people.alias_type = case edges.edge_type when 'user' then 'user_id' else 'anonymous_id' end
    where edges.edge_type in ('user', 'anonymous', 'anonymous_user') and edges.observed_on >= {{ first_touched_on }}

),

-- Unsigned uses of the day may be theirs who sign in on the next one.
by_lent_device as (

    select handovers.person_id, touched.event_on
    from {{ ref('int_identity__handover') }} as handovers
    inner join touched on handovers.after_at < touched.next_on and handovers.until_at >= touched.event_on

){% if old_session and old_handover and old_exclusion %},

-- Whose events were on the day before they were withdrawn.
by_old_event as (

    select sessions.person_id, touched.event_on
    from (select * from {{ old_session }} where ended_at >= {{ first_touched_on }}) as sessions
    inner join touched on sessions.started_at < touched.next_on and sessions.ended_at >= touched.event_on

),

known as (

    select person_id, cast(min(started_at) as date) as first_on from {{ old_session }} group by person_id

),

-- All that an id did lies behind the first thing that its old owner did.
by_identity as (

    select moved.old_person_id as person_id, known.first_on
    from {{ ref('int_identity__moved_alias') }} as moved
    inner join known on known.person_id = moved.old_person_id
    union all
    select moved.new_person_id, known.first_on
    from {{ ref('int_identity__moved_alias') }} as moved
    inner join known on known.person_id = moved.old_person_id
    where moved.new_person_id is not null

),

changed_handovers as (

    {{ changed_rows(old_handover, ref('int_identity__handover'), 'anonymous_id, person_id, after_at, until_at') }}

),

by_handover as (

    select person_id, cast(after_at as date) as since_on from changed_handovers
    union all
    select people.person_id, cast(changed_handovers.after_at as date)
    from changed_handovers
    inner join {{ ref('int_identity__resolution') }} as people
        on people.alias_type = 'anonymous_id' and people.alias = changed_handovers.anonymous_id

),

changed_rules as (

    {{ changed_rows(old_exclusion, ref('int_identity__exclusion'), 'subject_type, subject_id, reason, valid_from_on, valid_to_on') }}

),

-- Who was ever active for an account is not looked for: accounts under a rule hardly ever move.
by_exclusion as (

    select known.person_id, known.first_on
    from known
    inner join changed_rules on changed_rules.subject_type <> 'person' or changed_rules.subject_id = known.person_id

){% endif %}

select person_id, min(since_on) as since_on
from (
    select * from by_event union all select * from by_lent_device
    {%- if old_session and old_handover and old_exclusion %}
    union all select * from by_old_event
    union all select * from by_identity
    union all select * from by_handover
    union all select * from by_exclusion
    {%- endif %}
) as found
group by person_id
