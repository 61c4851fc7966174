{% set old_person_day = previous('core', 'fct_person_day') %}
with

near as (

    select -2 as days union all select -1 union all select 0 union all select 1 union all select 2

),

-- All events of an alias that was known before lie on days of the person it belonged to; a new
-- alias has only new events. In another time zone they may lie up to two days off. Another account
-- is that of uses which name none, and these were the old one's.
moves as (
    {% if old_person_day %}
    select moved.old_person_id, moved.new_person_id, {{ add_days('days.activity_on', 'near.days') }} as activity_on
    from {{ old_person_day }} as days
    inner join {{ ref('int_identity__moved_alias') }} as moved
        on moved.old_person_id = days.person_id
        and (not moved.is_account_alone or moved.old_account_id = days.account_id)
    inner join near on near.days = 0 or moved.is_other_clock
    {%- else %}
    select old_person_id, new_person_id, cast('1970-01-01' as date) as activity_on
    from {{ ref('int_identity__moved_alias') }}
    where 1 = 0
    {%- endif %}

),

people as (

    select old_person_id as person_id, activity_on from moves
    union
    select new_person_id, activity_on from moves where new_person_id is not null

)

select people.person_id, people.activity_on
from people
left join {{ ref('int_usage__touched_date') }} as touched on touched.activity_on = people.activity_on
where touched.activity_on is null
