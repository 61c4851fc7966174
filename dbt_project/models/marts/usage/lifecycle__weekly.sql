{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-analytics', 'day': 'week_on', 'spine': 'core.dim_activity_date.week_on',
        'definition_version': 1}
) }}

-- depends_on: {{ ref('fct_rewritten_week') }}
{% set in_reach = 'week_on >= (select ' ~ add_days('min(week_on)', -7) ~ ' from weeks)' if is_incremental() else '1 = 1' %}
with

segments as (select 'all' as segment union select plan from {{ ref('dim_account_version') }}),

reach as (select max(data_through_at) as high_water_at from {{ ref('dim_activity_date') }}),

weeks as (

    {% if is_incremental() -%}
    {{ weeks_of_another_reach(this, 'week_on') }}
    union
    {% endif -%}
    select week_on
    from {{ ref('dim_activity_date') }}
    {%- if is_incremental() %}
    where week_on in (select window_week_on from {{ ref('fct_rewritten_week') }}) or {{ segments_moved(this) }}
    {%- endif %}
    group by week_on

),

active as (

    select 'all' as segment, person_id, week_on
    from {{ ref('fct_person_week') }} where {{ in_reach }} group by person_id, week_on
    union all
    select plan, person_id, week_on from {{ ref('fct_person_week') }} where {{ in_reach }}

),

-- "Before" is the week before by the calendar, not the last one that has a row.
states as (

    select
        now.segment, now.week_on,
        case
            when {{ week_of('persons.first_active_on') }} = now.week_on then 'new'
            when before.person_id is not null then 'returning'
            else 'resurrecting'
        end as state
    from active as now
    inner join {{ ref('dim_person') }} as persons on persons.person_id = now.person_id
    left join active as before
        on before.segment = now.segment and before.person_id = now.person_id
        and before.week_on = {{ add_days('now.week_on', -7) }}

),

left_behind as (

    select before.segment, {{ add_days('before.week_on', 7) }} as week_on, count(*) as dormant_count
    from active as before
    left join active as now
        on now.segment = before.segment and now.person_id = before.person_id
        and now.week_on = {{ add_days('before.week_on', 7) }}
    where now.person_id is null
    group by before.segment, {{ add_days('before.week_on', 7) }}

),

counted as (

    select
        segment, week_on,
        sum(case when state = 'new' then 1 else 0 end) as new_count,
        sum(case when state = 'returning' then 1 else 0 end) as returning_count,
        sum(case when state = 'resurrecting' then 1 else 0 end) as resurrecting_count
    from states
    group by segment, week_on

),

actives as (select segment, week_on, count(*) as person_count from active group by segment, week_on),

numbers as (

    select
        weeks.week_on, segments.segment,
        coalesce(actives.person_count, 0) as active_person_count, coalesce(earlier.person_count, 0) as previous_active_person_count,
        cast(coalesce(counted.new_count, 0) as bigint) as new_person_count,
        cast(coalesce(counted.returning_count, 0) as bigint) as returning_person_count,
        cast(coalesce(counted.resurrecting_count, 0) as bigint) as resurrecting_person_count,
        coalesce(left_behind.dormant_count, 0) as dormant_person_count
    from weeks
    cross join segments
    left join actives on actives.segment = segments.segment and actives.week_on = weeks.week_on
    left join actives as earlier
        on earlier.segment = segments.segment and earlier.week_on = {{ add_days('weeks.week_on', -7) }}
    left join counted on counted.segment = segments.segment and counted.week_on = weeks.week_on
    left join left_behind on left_behind.segment = segments.segment and left_behind.week_on = weeks.week_on

)

select
    numbers.week_on, numbers.segment, numbers.active_person_count, numbers.previous_active_person_count,
    numbers.new_person_count, numbers.returning_person_count, numbers.resurrecting_person_count,
    numbers.dormant_person_count,
    numbers.new_person_count + numbers.resurrecting_person_count as quick_ratio_num, numbers.dormant_person_count as quick_ratio_den,
    {{ rate('numbers.new_person_count + numbers.resurrecting_person_count', 'numbers.dormant_person_count') }}
        as quick_ratio,
    reach.high_water_at >= {{ day_over_at(add_days('numbers.week_on', 6)) }} as is_complete,
    {{ least_of('reach.high_water_at', day_over_at(add_days('numbers.week_on', 6))) }} as data_through_at,
    1 as definition_version
from numbers
cross join reach
order by numbers.week_on
