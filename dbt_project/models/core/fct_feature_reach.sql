{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-analytics', 'day': 'week_on', 'rewritten': 'core.fct_rewritten_week.window_week_on'}
) }}

-- depends_on: {{ ref('fct_rewritten_week') }}

with

uses as (

    select feature_id, person_id, account_id, week_on
    from {{ ref('fct_person_feature_week') }}
    where
        is_countable
        {%- if is_incremental() %}
        and week_on >= {{ add_days(first_rewritten_week(), -21) }}
        {%- endif %}

),

-- Each person and account once a week, so that a week's own counts need no distinct. Whoever
-- belongs to nobody known makes no customer.
subjects as (
    {% for subject, known in [('person', '1 = 1'), ('account', "account_id <> 'unknown'")] %}
    select feature_id, '{{ subject }}' as subject_type, {{ subject }}_id as subject_id, week_on
    from uses
    where feature_id <> 'none' and {{ known }}
    group by feature_id, {{ subject }}_id, week_on
    union all
    select 'all', '{{ subject }}', {{ subject }}_id, week_on
    from uses
    where {{ known }}
    group by {{ subject }}_id, week_on
    {%- if not loop.last %}
    union all{% endif %}
    {%- endfor %}

),

-- A week's use also stands in the four weeks that end with each of the next three, or until the
-- next use stands there itself: so nobody is in a week twice, and no distinct is needed.
spans as (

    select
        feature_id, subject_type, week_on,
        lead(week_on) over (partition by feature_id, subject_type, subject_id order by week_on) as next_on
    from subjects

),

counted as (

    select feature_id, subject_type, week_on, next_on, count(*) as subject_count
    from spans
    group by feature_id, subject_type, week_on, next_on

),

reached as (
    {% for ahead in [0, 1, 2, 3] %}
    select feature_id, subject_type, subject_count, {{ add_days('week_on', 7 * ahead) }} as week_on, {{ ahead }} as weeks_ago
    from counted
    where next_on is null or next_on > {{ add_days('week_on', 7 * ahead) }}
    {%- if not loop.last %}
    union all{% endif %}
    {%- endfor %}

)

select
    feature_id, week_on
    {%- for weeks, weeks_ago in [('', 'weeks_ago = 0'), ('28', '1 = 1')] %}
    {%- for subject in ['person', 'account'] %},
    cast(sum(case when {{ weeks_ago }} and subject_type = '{{ subject }}' then subject_count else 0 end) as bigint)
        as {{ subject }}{{ weeks }}_count
    {%- endfor %}
    {%- endfor %}
from reached
{%- if is_incremental() %}
where week_on in (select window_week_on from {{ ref('fct_rewritten_week') }})
{%- endif %}
group by feature_id, week_on
order by week_on
