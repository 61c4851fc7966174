{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-analytics', 'day': 'activity_on', 'spine': 'core.dim_activity_date.day_on',
        'definition_version': 1}
) }}

-- depends_on: {{ ref('fct_rewritten_date') }}

with

segments as (select 'all' as segment union select plan from {{ ref('dim_account_version') }}),

wanted as (

    {% if is_incremental() -%}
    {{ days_to_rebuild(this, 30) }}
    union
    select day_on from {{ ref('dim_activity_date') }} where {{ segments_moved(this) }}
    {%- else %}select day_on from {{ ref('dim_activity_date') }}{% endif %}

),

bounds as (select {{ add_days('min(day_on)', -29) }} as first_on, max(day_on) as last_on from wanted),

planned as (

    select days.person_id, days.activity_on, versions.plan, days.is_countable
    from {{ ref('fct_person_day') }} as days
    inner join bounds on days.activity_on between bounds.first_on and bounds.last_on
    inner join {{ ref('dim_account_version') }} as versions
        on versions.account_id = days.account_id and days.activity_on >= versions.valid_from_on
        and (versions.valid_to_on is null or days.activity_on < versions.valid_to_on)

),

people as (

    select segment, person_id, activity_on, max(is_countable) as is_countable
    from (
        select 'all' as segment, person_id, activity_on, is_countable from planned
        union all
        select plan, person_id, activity_on, is_countable from planned
    ) as segments
    group by segment, person_id, activity_on

),

counted as (

    select segment, person_id, activity_on from people where is_countable

),

spine as (

    {{ date_spine('(select first_on from bounds)', '(select last_on from bounds)') }}

),

windows as (

    {{ people_in_windows('counted', 'segment', [7, 28, 30], 'spine') }}

),

extras as (

    select
        people.segment, people.activity_on,
        sum(case when people.is_countable and persons.first_active_on = people.activity_on then 1 else 0 end) as new_count,
        sum(case when people.is_countable then 0 else 1 end) as excluded_count
    from people
    inner join {{ ref('dim_person') }} as persons on persons.person_id = people.person_id
    group by people.segment, people.activity_on

),

numbers as (

    select
        wanted.day_on, segments.segment,
        cast(coalesce(windows.active1_count, 0) as bigint) as dau_count,
        cast(coalesce(windows.active7_count, 0) as bigint) as wau_count,
        cast(coalesce(windows.active28_count, 0) as bigint) as mau28_count,
        cast(coalesce(windows.active30_count, 0) as bigint) as mau30_count,
        cast(coalesce(windows.person_day28_count, 0) as double) / 28 as mean_dau,
        cast(coalesce(extras.new_count, 0) as bigint) as new_person_count,
        cast(coalesce(extras.excluded_count, 0) as bigint) as excluded_person_count
    from wanted
    cross join segments
    left join windows on windows.day_on = wanted.day_on and windows.segment = segments.segment
    left join extras on extras.activity_on = wanted.day_on and extras.segment = segments.segment

)

select
    numbers.day_on as activity_on, numbers.segment,
    numbers.dau_count, numbers.wau_count, numbers.mau28_count, numbers.mau30_count,
    numbers.mean_dau as stickiness_num,
    numbers.mau28_count as stickiness_den,
    {{ rate('numbers.mean_dau', 'numbers.mau28_count') }} as stickiness_rate,
    numbers.dau_count as stickiness_pt_num,
    numbers.mau28_count as stickiness_pt_den,
    {{ rate('numbers.dau_count', 'numbers.mau28_count') }} as stickiness_pt_rate,
    numbers.new_person_count, numbers.excluded_person_count,
    days.is_complete, days.data_through_at, 1 as definition_version
from numbers
inner join {{ ref('dim_activity_date') }} as days on days.day_on = numbers.day_on
order by numbers.day_on
