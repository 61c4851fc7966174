with

changes as (

    select * from {{ ref('int_identity__change') }}

),

moved_days as (

    select changes.alias_type, changes.alias, changes.changed_at, count(distinct events.event_on) as person_day_count
    from (
        select uses.alias_type, uses.alias, uses.event_on
        from {{ ref('fct_event') }} as uses
        inner join (select alias_type, alias from changes group by alias_type, alias) as moved
            on moved.alias_type = uses.alias_type and moved.alias = uses.alias
        where uses.event_class = 'value'
        group by uses.alias_type, uses.alias, uses.event_on
    ) as events
    inner join changes
        on changes.alias_type = events.alias_type and changes.alias = events.alias
        and events.event_on <= cast(changes.changed_at as date)
    group by changes.alias_type, changes.alias, changes.changed_at

)

select
    changes.alias_type, changes.alias, changes.changed_at,
    {{ local_date('changes.changed_at', "'" ~ setting('org_time_zone') ~ "'") }} as changed_on,
    changes.change_type, changes.evidence, changes.old_person_id, changes.new_person_id,
    cast(coalesce(moved_days.person_day_count, 0) as bigint) as person_day_count
from changes
left join moved_days
    on moved_days.alias_type = changes.alias_type and moved_days.alias = changes.alias
    and moved_days.changed_at = changes.changed_at
