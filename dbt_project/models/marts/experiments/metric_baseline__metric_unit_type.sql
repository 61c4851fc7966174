{%- set week_counts = [1, 2, 4, 8] -%}
with

reach as (

    select max(day_on) as through_on, max(data_through_at) as data_through_at
    from {{ ref('dim_activity_date') }}
    where is_complete

),

-- Units that would have been exposed within so many weeks.
units as (

    {% for unit_type in ['person', 'account'] -%}
    select
        '{{ unit_type }}' as unit_type
        {%- for weeks in week_counts %},
        count(distinct case when days.activity_on > {{ add_days('reach.through_on', -7 * weeks) }} then days.{{ unit_type }}_id end) as units_in_{{ weeks }}_weeks
        {%- endfor %}
    from {{ ref('fct_person_day') }} as days
    inner join reach
        on days.activity_on > {{ add_days('reach.through_on', -56) }} and days.activity_on <= reach.through_on
    where days.is_countable and days.{{ unit_type }}_id <> 'unknown'
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    baselines.metric_id, baselines.unit_type, metrics.name, metrics.kind, metrics.direction, metrics.unit, baselines.unit_count,
    baselines.metric_mean, baselines.unit_variance, baselines.correlation,
    trials.starts_on as measured_from_on, trials.ends_on as measured_to_on
    {%- for weeks in week_counts %}, units.units_in_{{ weeks }}_weeks{% endfor %},
    reach.through_on is not null as is_complete,
    reach.data_through_at,
    1 as definition_version
from {{ ref('fct_metric_baseline') }} as baselines
inner join {{ ref('dim_metric') }} as metrics on metrics.metric_id = baselines.metric_id
inner join {{ ref('dim_trial') }} as trials on trials.is_baseline and trials.unit_type = baselines.unit_type
inner join units on units.unit_type = baselines.unit_type
cross join reach
