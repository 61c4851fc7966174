with

asked as (

    select
        metrics.experiment_id, metrics.from_day, metrics.to_day, metrics.measure,
        substr(metrics.measure, position(':' in metrics.measure) + 1) as feature_id,
        metrics.measure like 'feature_days:%' as is_days,
        plans.cuped_days
    from (
        select experiment_id, from_day, to_day, numerator as measure from {{ ref('bridge_experiment_metric') }}
        union
        select experiment_id, from_day, to_day, denominator from {{ ref('bridge_experiment_metric') }}
    ) as metrics
    inner join {{ ref('dim_trial') }} as plans on plans.experiment_id = metrics.experiment_id
    where metrics.measure like 'feature:%' or metrics.measure like 'feature_days:%'

),

happened as (

    {% for unit_type, column in [('person', 'person_id'), ('account', 'account_id')] %}
    select
        '{{ unit_type }}' as unit_type, {{ column }} as unit_id, feature_id, activity_on, sum(event_count) as event_count
    from {{ ref('fct_person_feature_day') }}
    where is_countable and feature_id in (select feature_id from asked)
    group by {{ column }}, feature_id, activity_on
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

days as (

    select
        asked.experiment_id, asked.from_day, asked.to_day, asked.measure, assigned.unit_id,
        {{ days_between('assigned.first_exposed_on', 'happened.activity_on') }} as day_no,
        case when asked.is_days then 1.0 else cast(happened.event_count as double) end as amount
    from asked
    inner join {{ ref('fct_assignment') }} as assigned on assigned.experiment_id = asked.experiment_id
    inner join happened
        on happened.feature_id = asked.feature_id and happened.unit_type = assigned.unit_type
        and happened.unit_id = assigned.unit_id
        and happened.activity_on >= {{ add_days('assigned.first_exposed_on', '-asked.cuped_days') }}
        and happened.activity_on <= {{ add_days('assigned.first_exposed_on', 'asked.to_day') }}

)

select
    experiment_id, from_day, to_day, measure, unit_id,
    sum(case when day_no >= from_day then amount else 0.0 end) as amount_after,
    sum(case when day_no < 0 then amount else 0.0 end) as amount_before
from days
group by experiment_id, from_day, to_day, measure, unit_id
