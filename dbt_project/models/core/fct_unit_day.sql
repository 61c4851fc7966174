{%- set facts = [
    ['fct_person_day', 'activity_on', "is_countable",
        {'active_days': '1', 'value_events': 'value_event_count', 'features': 'feature_count'}],
    ['fct_session', 'started_on', "is_countable and is_clean",
        {'sessions': '1', 'session_seconds': 'cast(length_seconds as bigint)'}],
    ['fct_ticket', 'asked_on', "is_countable and person_id is not null", {'tickets': '1'}],
] -%}
with

-- Only days that any experiment asks for: of its units, from their covariate to its last window.
reach as (

    select
        min({{ add_days('starts_on', '-cuped_days') }}) as from_on
    from {{ ref('dim_trial') }}

),

units as (

    select unit_type, unit_id from {{ ref('fct_assignment') }} group by unit_type, unit_id

),

happened as (

    {% for unit_type, column in [('person', 'person_id'), ('account', 'account_id')] %}
    {%- for table, day, condition, sums in facts %}
    select
        units.unit_type, units.unit_id, facts.{{ day }} as activity_on
        {%- for measure in unit_measures() %}, {{ sums.get(measure, '0') }} as {{ measure }}{% endfor %}
    from {{ ref(table) }} as facts
    inner join units on units.unit_type = '{{ unit_type }}' and units.unit_id = facts.{{ column }}
    inner join reach on facts.{{ day }} >= reach.from_on
    where {{ condition }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    unit_type, unit_id, activity_on,
    -- A person of several accounts, and an account of many people, is active once a day.
    cast(max(active_days) as bigint) as active_days
    {%- for measure in unit_measures() if measure != 'active_days' %},
    cast(sum({{ measure }}) as bigint) as {{ measure }}
    {%- endfor %}
from happened
group by unit_type, unit_id, activity_on
-- Days of a unit lie together: what is summed by unit then costs a quarter, and the table is smaller.
order by unit_id
