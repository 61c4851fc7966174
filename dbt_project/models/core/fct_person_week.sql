{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-analytics', 'day': 'week_on', 'rewritten': 'core.fct_rewritten_week.week_on'}
) }}

-- depends_on: {{ ref('fct_rewritten_week') }}

select
    days.person_id,
    {{ week_of('days.activity_on') }} as week_on,
    versions.plan,
    min(days.activity_on) as first_on,
    max(days.activity_on) as last_on
from {{ ref('fct_person_day') }} as days
inner join {{ ref('dim_account_version') }} as versions
    on versions.account_id = days.account_id and days.activity_on >= versions.valid_from_on
    and (versions.valid_to_on is null or days.activity_on < versions.valid_to_on)
where
    days.is_countable
    {%- if is_incremental() %}
    and days.activity_on >= {{ first_rewritten_week() }}
    and {{ week_of('days.activity_on') }} in (select week_on from {{ ref('fct_rewritten_week') }})
    {%- endif %}
group by days.person_id, {{ week_of('days.activity_on') }}, versions.plan
order by {{ week_of('days.activity_on') }}
