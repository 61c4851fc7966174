{{ config(
    materialized='incremental',
    incremental_strategy='replace_person_days',
    meta={'owner': 'product-analytics'}
) }}

-- depends_on: {{ ref('int_usage__touched_date') }}
-- depends_on: {{ ref('int_usage__moved_day') }}

select
    days.person_id,
    days.account_id,
    days.activity_on,
    reporting_time_zone,
    tz_basis,
    cast(sum(event_count) as bigint) as value_event_count,
    cast(sum(excluded_event_count) as bigint) as excluded_event_count,
    cast(sum(case when is_countable and feature_id <> 'none' then 1 else 0 end) as bigint) as feature_count,
    coalesce(min(case when is_countable then first_at end), min(first_at)) as first_value_at,
    coalesce(max(case when is_countable then last_at end), max(last_at)) as last_value_at,
    sum(event_count) > 0 as is_countable,
    case when sum(event_count) > 0 then null else min(exclusion_reason) end as exclusion_reason
from {{ ref('fct_person_feature_day') }} as days
{%- if is_incremental() %}
{{ only_rewritten('days') }}
{%- endif %}
group by days.person_id, days.account_id, days.activity_on, reporting_time_zone, tz_basis
order by days.activity_on
