{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'sales-ops', 'day': 'week_on', 'rewritten': 'core.fct_rewritten_week.window_week_on'}
) }}

-- depends_on: {{ ref('fct_rewritten_week') }}

with

uses as (

    select account_id, person_id, feature_id, week_on, last_on
    from {{ ref('fct_person_feature_week') }}
    where
        is_countable
        {%- if is_incremental() %}
        and week_on >= {{ add_days(first_rewritten_week(), -21) }}
        {%- endif %}

),

-- Each person and each feature once a week.
subjects as (

    select account_id, person_id, null as feature_id, week_on, max(last_on) as last_on
    from uses
    group by account_id, person_id, week_on
    union all
    select account_id, null, feature_id, week_on, null
    from uses
    where feature_id <> 'none'
    group by account_id, feature_id, week_on

),

-- What happened in a week is part of four windows of four weeks.
reached as (
    {% for ahead in [0, 1, 2, 3] %}
    select account_id, person_id, feature_id, {{ add_days('week_on', 7 * ahead) }} as week_on,
        {{ 'last_on' if ahead == 0 else 'null' }} as last_on
    from subjects
    {%- if not loop.last %}
    union all{% endif %}
    {%- endfor %}

)

select
    account_id, week_on,
    cast(nullif(count(last_on), 0) as bigint) as active_person_count,
    cast(count(distinct person_id) as bigint) as active28_person_count,
    cast(nullif(count(distinct feature_id), 0) as bigint) as feature_count,
    max(last_on) as last_active_on
from reached
{%- if is_incremental() %}
where week_on in (select window_week_on from {{ ref('fct_rewritten_week') }})
{%- endif %}
group by account_id, week_on
order by week_on
