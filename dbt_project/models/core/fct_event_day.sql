{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-analytics', 'day': 'event_on', 'rewritten': 'staging.stg_touched_dates.event_on'}
) }}

-- depends_on: {{ ref('stg_touched_dates') }}

select
    source, event_on, event_name, platform,
    count(*) as event_count,
    cast(sum(case when event_type = 'track' and is_countable then 1 else 0 end) as bigint) as tracked_count,
    cast(sum(case when event_type = 'track' and not is_countable then 1 else 0 end) as bigint) as excluded_tracked_count,
    max(received_at) as last_received_at
from {{ ref('fct_event') }}
{%- if is_incremental() %}
where {{ within_days('occurred_at', ref('stg_touched_dates'), 'event_on') }}
{%- endif %}
group by source, event_on, event_name, platform
order by event_on
