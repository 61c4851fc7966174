{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-ops', 'day': 'event_on', 'rewritten': 'staging.stg_touched_dates.event_on'}
) }}

-- depends_on: {{ ref('stg_touched_dates') }}

select
    source, event_id, event_on, occurred_at, experiment_id, variation_id, alias_type, alias, group_id, exclusion_reason
from {{ ref('fct_event') }}
where
    experiment_id is not null and variation_id is not null
    {%- if is_incremental() %}
    and {{ within_days('occurred_at', ref('stg_touched_dates'), 'event_on') }}
    {%- endif %}
order by event_on
