{%- set baseline_days, enrolment_days = 28, 7 -%}
with

reach as (

    select max(day_on) as through_on from {{ ref('dim_activity_date') }} where is_complete

),

metrics as (select count(*) as metric_count from {{ ref('dim_metric') }} where is_valid)

select experiment_id, unit_type, starts_on, ends_on, window_days, coalesce(cuped_days, 0) as cuped_days, false as is_baseline
from {{ ref('dim_experiment') }}
where is_analysable
{% for unit_type in ['person', 'account'] -%}
union all
-- All that were active in the last week whose window is over: what metrics are without a test.
select
    '{{ baseline_id(unit_type) }}', '{{ unit_type }}',
    {{ add_days('reach.through_on', -(baseline_days + enrolment_days - 2)) }},
    {{ add_days('reach.through_on', -(baseline_days - 1)) }},
    cast(14 as bigint), cast(14 as bigint), true
from reach
inner join metrics on metrics.metric_count > 0
where reach.through_on is not null
{% endfor %}
