{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-analytics', 'day': 'event_on', 'rewritten': 'staging.stg_touched_dates.event_on'}
) }}

-- depends_on: {{ ref('stg_touched_dates') }}

with

events as (

    select
        event_on, alias_type, alias, group_id, is_countable, event_class, occurred_at,
        lag(occurred_at) over (
            partition by event_on, alias_type, alias, group_id, is_countable order by occurred_at
        ) as previous_at
    from {{ ref('fct_event') }}
    where
        alias is not null and event_class <> 'system'
        {%- if is_incremental() %}
        and {{ within_days('occurred_at', ref('stg_touched_dates'), 'event_on') }}
        {%- endif %}

),

parts as (

    select
        *,
        -- Events of one moment are of one part, in whatever order the two windows take them.
        sum(case when previous_at is null or occurred_at > previous_at + interval '30' minute then 1 else 0 end) over (
            partition by event_on, alias_type, alias, group_id, is_countable
            order by occurred_at range between unbounded preceding and current row
        ) as part_number
    from events

)

select
    event_on, alias_type, alias, group_id, is_countable,
    cast(part_number as bigint) as part_number,
    min(occurred_at) as first_at,
    max(occurred_at) as last_at,
    count(*) as event_count,
    cast(sum(case when event_class = 'value' then 1 else 0 end) as bigint) as value_event_count
from parts
group by event_on, alias_type, alias, group_id, is_countable, part_number
order by event_on
