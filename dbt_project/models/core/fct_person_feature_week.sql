{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-analytics', 'day': 'week_on', 'rewritten': 'core.fct_rewritten_week.week_on'}
) }}

-- depends_on: {{ ref('fct_rewritten_week') }}

select
    person_id, account_id, feature_id, {{ week_of('activity_on') }} as week_on,
    cast(sum(event_count) as bigint) as event_count,
    max(is_countable) as is_countable,
    max(case when is_countable then activity_on end) as last_on
from {{ ref('fct_person_feature_day') }}
{%- if is_incremental() %}
where
    activity_on >= {{ first_rewritten_week() }}
    and {{ week_of('activity_on') }} in (select week_on from {{ ref('fct_rewritten_week') }})
{%- endif %}
group by person_id, account_id, feature_id, {{ week_of('activity_on') }}
order by {{ week_of('activity_on') }}
