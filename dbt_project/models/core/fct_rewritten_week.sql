-- depends_on: {{ ref('fct_flag_stretch') }}
{% set old_flag = previous('core', 'bridge_feature_flag') %}
with

-- In some zones it is tomorrow, behind the last day that the spine has.
ends as (

    select max(week_on) as last_week_on, {{ add_days('max(week_on)', 7) }} as next_week_on
    from {{ ref('dim_activity_date') }}

),

{% if old_flag -%}
changed_flags as (

    {{ changed_rows(old_flag, ref('fct_flag_stretch'), 'feature_id, person_id, on_from, on_until') }}

),

{% endif -%}
weeks as (

    select {{ week_of('activity_on') }} as week_on from {{ ref('fct_rewritten_date') }}
    union
    select last_week_on from ends
    union
    select next_week_on from ends
    {%- if old_flag %}
    union
    select weeks.week_on
    from (select week_on from {{ ref('dim_activity_date') }} group by week_on) as weeks
    inner join changed_flags
        on changed_flags.on_from <= {{ add_days('weeks.week_on', 6) }}
        and (changed_flags.on_until is null or changed_flags.on_until >= weeks.week_on)
    {%- endif %}

),

ahead as (select 0 as days union all select 7 union all select 14 union all select 21)

select weeks.week_on, {{ add_days('weeks.week_on', 'ahead.days') }} as window_week_on
from weeks
cross join ahead
where weeks.week_on is not null
