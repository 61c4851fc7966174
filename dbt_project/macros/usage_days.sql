{# Which days and weeks of usage must be computed again. Sessions and entries into funnels: usage_stretches.sql. #}

{#
    The days that this build touches, as texts, for a model of which all readers keep what they
    read on other days; none, which means all days, where one of them is still to be built.
#}
{% macro days_alone() -%}
    {%- if not execute or flags.FULL_REFRESH -%}
        {{ return(none) }}
    {%- endif -%}
    {%- for reader in graph.nodes.values() if reader.resource_type == 'model' and model.unique_id in reader.depends_on.nodes -%}
        {%- if not adapter.get_relation(target.database, reader.schema, reader.name) -%}
            {{ return(none) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(setting('touched_event_dates') or none) }}
{%- endmacro %}

{#
    A complete select of the days (`day_on`) of a daily usage mart that must be computed again:
    rewritten person-days reach `window` days ahead; days are missing, or their completeness moved.
#}
{% macro days_to_rebuild(built, window) -%}
    {{ days_of_another_reach(built) }}
    union
    select spine.day_on
    from {{ ref('dim_activity_date') }} as spine
    inner join {{ ref('fct_rewritten_date') }} as rewritten
        on spine.day_on between rewritten.activity_on
        and {{ add_days('rewritten.activity_on', window - 1) }}
{%- endmacro %}

{# Days (`day_on`) that a daily usage mart lacks, or of which less or more was known when they were computed. #}
{% macro days_of_another_reach(built) -%}
    select spine.day_on
    from {{ ref('dim_activity_date') }} as spine
    left join (
        select activity_on, min(data_through_at) as data_through_at, max(is_complete) as is_complete
        from {{ built }}
        group by activity_on
    ) as built
        on built.activity_on = spine.day_on
    where
        built.activity_on is null
        or built.data_through_at <> spine.data_through_at
        or built.is_complete <> spine.is_complete
{%- endmacro %}

{#
    Weeks (`week_on`) that a weekly usage mart, of which `week` is the week, lacks or has unfinished,
    or of which it knew more. One that was complete and still is stays as it was counted. `reach`
    (high_water_at) is in scope.
#}
{% macro weeks_of_another_reach(built, week) -%}
    select spine.week_on
    from {{ ref('dim_activity_date') }} as spine
    cross join reach
    left join (
        select {{ week }} as week_on, min(is_complete) as is_complete, max(data_through_at) as data_through_at
        from {{ built }}
        group by {{ week }}
    ) as built
        on built.week_on = spine.week_on
    where built.week_on is null or not built.is_complete or built.data_through_at > reach.high_water_at
{%- endmacro %}

{#
    Whether a plan came or went, which has a row on each day, or on none. `segments` (segment) is in
    scope; `built` is the mart that is being built.
#}
{% macro segments_moved(built) -%}
    exists (
        select 1
        from (select segment from {{ built }} group by segment) as built
        full outer join segments on segments.segment = built.segment
        where segments.segment is null or built.segment is null
    )
{%- endmacro %}

{#
    Days of accounts that start on another day than their rows do in the mart that is being built,
    with `accounts` (account_id, first_on) in scope: accounts come, go and are merged.
#}
{% macro days_of_moved_accounts() -%}
    select spine.day_on
    from (select account_id, min(activity_on) as first_on from {{ this }} group by account_id) as built
    full outer join (
        select accounts.account_id, {{ greatest_of('accounts.first_on', 'ends.first_on') }} as first_on
        from accounts
        inner join (select min(day_on) as first_on, max(day_on) as last_on from {{ ref('dim_activity_date') }}) as ends
            on ends.last_on >= accounts.first_on
    ) as present
        on present.account_id = built.account_id
    inner join {{ ref('dim_activity_date') }} as spine
        on spine.day_on >= {{ least_of('built.first_on', 'present.first_on') }}
        and (
            built.first_on is null or present.first_on is null
            or spine.day_on <= {{ greatest_of('built.first_on', 'present.first_on') }}
        )
    where built.first_on is distinct from present.first_on
{%- endmacro %}

{# The first week, as a literal, that must be written again. #}
{% macro first_rewritten_week() -%}
    {{ day_found('select min(week_on) from ' ~ ref('fct_rewritten_week')) }}
{%- endmacro %}
