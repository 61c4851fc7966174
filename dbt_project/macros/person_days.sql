{#
    Rows of people and days: which of them must be written again, because their day or they
    themselves were touched. Other ways of writing again are in incremental.sql.
#}

{#
    The strategy `replace_person_days`, of rows with person_id and activity_on: days go that
    int_usage__touched_date names, and of others the people whom int_usage__moved_day names.
#}
{% macro get_incremental_replace_person_days_sql(args) -%}
    {%- set columns = args['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    {%- set moved = api.Relation.create(
        database=target.database, schema='intermediate', identifier='int_usage__moved_day'
    ) -%}
    delete from {{ args['target_relation'] }}
    where activity_on in ({{ days_of('intermediate.int_usage__touched_date.activity_on') }});

    {{ delete_met(
        args['target_relation'], moved,
        'touched.person_id = built.person_id and touched.activity_on = built.activity_on'
    ) }};

    insert into {{ args['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ args['temp_relation'] }}
{%- endmacro %}

{#
    Joins and a test that keep of `days`, which has person_id and activity_on, what must be
    written again: whole days, and single people's days.
#}
{% macro only_rewritten(days) -%}
left join {{ ref('int_usage__touched_date') }} as touched on touched.activity_on = {{ days }}.activity_on
left join {{ ref('int_usage__moved_day') }} as moved
    on moved.activity_on = {{ days }}.activity_on and moved.person_id = {{ days }}.person_id
where touched.activity_on is not null or moved.activity_on is not null
{%- endmacro %}

{# Whether one of `events` may lie on a day that must be written again, as a test that reaches the table's statistics. #}
{% macro may_be_rewritten(events) -%}
    {{ events }}.event_on >= {{ add_days(day_found(
        "select min(activity_on) from (select activity_on from " ~ ref('int_usage__touched_date')
        ~ " union all select activity_on from " ~ ref('int_usage__moved_day') ~ ") as found"
    ), -1) }}
    and (
        {{ within_days(events ~ '.occurred_at', ref('int_usage__touched_date'), 'activity_on', margin=1) }}
        or {{ within_days(events ~ '.occurred_at', ref('int_usage__moved_day'), 'activity_on', margin=1) }}
        and {{ events }}.alias in (
            select people.alias
            from {{ ref('bridge_identity') }} as people
            inner join {{ ref('int_usage__moved_day') }} as moved on moved.person_id = people.person_id
            union
            select handovers.anonymous_id
            from {{ ref('bridge_handover') }} as handovers
            inner join {{ ref('int_usage__moved_day') }} as moved on moved.person_id = handovers.person_id
        )
    )
{%- endmacro %}
