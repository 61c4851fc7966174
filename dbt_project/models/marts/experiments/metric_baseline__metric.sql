{%- set week_counts = [1, 2, 4, 8] -%}
with

reach as (

    select max(day_on) as through_on, max(data_through_at) as data_through_at
    from {{ ref('dim_activity_date') }}
    where is_complete

),

-- People who would have been exposed within so many weeks.
people as (

    select
        {%- for weeks in week_counts %}
        count(distinct case when days.activity_on > {{ add_days('reach.through_on', -7 * weeks) }} then days.person_id end) as people_in_{{ weeks }}_weeks
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('fct_person_day') }} as days
    inner join reach
        on days.activity_on > {{ add_days('reach.through_on', -56) }} and days.activity_on <= reach.through_on
    where days.is_countable

)

select
    baselines.metric_id, metrics.name, metrics.kind, metrics.direction, metrics.unit, baselines.unit_count,
    baselines.metric_mean, baselines.unit_variance, baselines.correlation,
    trials.starts_on as measured_from_on, trials.ends_on as measured_to_on
    {%- for weeks in week_counts %}, people.people_in_{{ weeks }}_weeks{% endfor %},
    reach.through_on is not null as is_complete,
    reach.data_through_at,
    1 as definition_version
from {{ ref('fct_metric_baseline') }} as baselines
inner join {{ ref('dim_metric') }} as metrics on metrics.metric_id = baselines.metric_id
inner join {{ ref('dim_trial') }} as trials on trials.is_baseline
cross join reach
cross join people
