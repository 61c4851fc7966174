{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-analytics', 'day': 'activity_on', 'spine': 'core.dim_activity_date.day_on'}
) }}

-- depends_on: {{ ref('fct_rewritten_date') }}

with

wanted as (

    select day_on
    from {{ ref('dim_activity_date') }}
    {%- if is_incremental() %}
    where
        day_on not in (select activity_on from {{ this }})
        or day_on in (
            select spine.day_on
            from {{ ref('dim_activity_date') }} as spine
            inner join {{ ref('fct_rewritten_date') }} as rewritten
                on spine.day_on between rewritten.activity_on and {{ add_days('rewritten.activity_on', 27) }}
        )
    {%- endif %}

),

bounds as (select {{ add_days('min(day_on)', -27) }} as first_on, max(day_on) as last_on from wanted),

counted as (

    select 'all' as segment, days.person_id, days.activity_on
    from {{ ref('fct_person_day') }} as days
    inner join bounds on days.activity_on between bounds.first_on and bounds.last_on
    where days.is_countable
    group by days.person_id, days.activity_on

),

spine as (

    {{ date_spine('(select first_on from bounds)', '(select last_on from bounds)') }}

),

windows as (

    {{ people_in_windows('counted', 'segment', [7, 28], 'spine') }}

)

select
    wanted.day_on as activity_on,
    cast(coalesce(windows.active1_count, 0) as bigint) as dau_count,
    cast(coalesce(windows.active7_count, 0) as bigint) as wau_count,
    cast(coalesce(windows.active28_count, 0) as bigint) as mau28_count
from wanted
left join windows on windows.day_on = wanted.day_on
order by wanted.day_on
