with

-- Half a person once in eight weeks stands for nobody, so that a trend from nothing has a size.
known as (

    select *,
        {{ rate('active_person_count', greatest_of('baseline_person_count', '0.125')) }} as trend_value,
        case when sentiment_count > 0 then {{ rate('sentiment_sum', 'sentiment_count') }} end as sentiment_value,
        case when paid_seat_count > 0
            then {{ rate(least_of('active28_person_count', 'paid_seat_count'), 'paid_seat_count') }} end as seat_value
    from {{ ref('fct_account_week') }}

),

components as (

    {%- for name, value, is_known in [
        ('usage_trend', 'trend_value', 'baseline_person_count is not null'),
        ('breadth', 'feature_count', 'true'),
        ('seat_utilisation', 'seat_value', 'active28_person_count is not null'),
        ('idle_days', 'idle_day_count', 'true'),
        ('contact', rate('ticket28_count', 'active28_person_count'), 'true'),
        ('severe_open', 'severe_open_count', 'true'),
        ('sentiment', 'sentiment_value', 'true'),
    ] %}
    select account_id, week_on, last_on, plan, '{{ name }}' as component,
        case when {{ is_known }} then cast({{ value }} as double) end as component_value
    from known
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- Ranks among the accounts of the plan, and among all of the week: either may be the segment's.
-- Equals are counted in the order of the ranks, so that rows are sorted once for each.
ranked as (

    select
        *,
        {%- for name, peers in [('plan', 'plan, week_on, component'), ('all', 'week_on, component')] %}
        {%- set line = 'partition by ' ~ peers ~ ' order by case when component_value is null then 1 else 0 end, component_value' %}
        rank() over ({{ line }}) - 1 as {{ name }}_below,
        count(*) over ({{ line }} range between current row and current row) as {{ name }}_equal,
        count(component_value) over (partition by {{ peers }}) as {{ name }}_known,
        {%- endfor %}
        count(*) over (partition by plan, week_on, component) as plan_count
    from components

),

-- Few accounts of a plan say nothing about each other: then all are the segment.
placed as (

    select *, case when plan_count >= 10 then plan else 'all' end as segment
    from ranked

)

select
    account_id, week_on, last_on, segment, component, component_value,
    case
        when component_value is null then null
        when segment = 'all' then (all_below + all_equal / 2.0) / all_known
        else (plan_below + plan_equal / 2.0) / plan_known
    end as component_percentile
from placed
