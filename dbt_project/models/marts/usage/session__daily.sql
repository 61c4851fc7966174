{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-analytics', 'day': 'activity_on', 'spine': 'core.dim_activity_date.day_on',
        'definition_version': 1}
) }}

-- depends_on: {{ ref('fct_rewritten_start') }}

with

reach as (select max(data_through_at) as high_water_at from {{ ref('dim_activity_date') }}),

wanted as (

    {% if is_incremental() -%}
    {{ days_of_another_reach(this) }}
    union
    select started_on from {{ ref('fct_rewritten_start') }}
    union
    -- What is known may reach less far than before.
    select sessions.started_on
    from {{ ref('fct_session') }} as sessions
    inner join reach on sessions.ended_at >= reach.high_water_at - interval '30' minute
    -- The same to the day, as a literal: sessions lie in the order of time, and older ones are not read.
    where sessions.ended_at >= {{ day_found(
        "select cast(max(data_through_at) - interval '30' minute as date) from " ~ ref('dim_activity_date')
    ) }}
    {%- else %}select day_on from {{ ref('dim_activity_date') }}{% endif %}

),

sessions as (

    select
        sessions.*,
        sessions.is_countable and sessions.ended_at >= reach.high_water_at - interval '30' minute as is_open
    from {{ ref('fct_session') }} as sessions
    cross join reach
    {%- if is_incremental() %}
    where sessions.started_on in (select day_on from wanted)
    {%- endif %}

),

-- Session by session: a mean over the rows of events would weigh each by how much happened in it.
counted as (

    select
        started_on,
        count(*) as session_count,
        count(distinct person_id) as person_count,
        sum(case when event_count = 1 then 1 else 0 end) as single_event_count,
        sum(length_seconds) as length_sum_seconds,
        {{ percentile('length_seconds', 0.5) }} as length_p50_seconds
    from sessions
    where is_countable
    group by started_on

),

others as (

    select
        started_on,
        sum(case when is_countable then 0 else 1 end) as excluded_count,
        sum(case when is_open then 1 else 0 end) as open_count
    from sessions
    group by started_on

)

select
    days.day_on as activity_on,
    coalesce(counted.session_count, 0) as session_count,
    coalesce(counted.person_count, 0) as person_count,
    cast(coalesce(others.open_count, 0) as bigint) as open_session_count,
    coalesce(counted.length_sum_seconds, 0.0) as mean_length_seconds_num,
    coalesce(counted.session_count, 0) as mean_length_seconds_den,
    {{ rate('counted.length_sum_seconds', 'counted.session_count') }} as mean_length_seconds,
    counted.length_p50_seconds,
    cast(coalesce(counted.single_event_count, 0) as bigint) as single_event_num,
    coalesce(counted.session_count, 0) as single_event_den,
    {{ rate('counted.single_event_count', 'counted.session_count') }} as single_event_rate,
    cast(coalesce(others.excluded_count, 0) as bigint) as excluded_session_count,
    days.is_complete and coalesce(others.open_count, 0) = 0 as is_complete,
    days.data_through_at,
    1 as definition_version
from wanted
inner join {{ ref('dim_activity_date') }} as days on days.day_on = wanted.day_on
left join counted on counted.started_on = days.day_on
left join others on others.started_on = days.day_on
order by days.day_on
