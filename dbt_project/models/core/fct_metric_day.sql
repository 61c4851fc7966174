with

usage_days as (

    select
        days.day_on, days.is_complete, days.data_through_at, active.dau_count, active.wau_count, active.mau28_count
    from {{ ref('dim_activity_date') }} as days
    inner join {{ ref('fct_active_day') }} as active on active.activity_on = days.day_on

),

created as (

    select created_on as day_on, count(*) as created_count
    from {{ ref('fct_ticket') }}
    where is_countable
    group by created_on

),

support_days as (

    select
        days.day_on, days.is_complete, days.data_through_at,
        coalesce(created.created_count, 0) as created_count,
        coalesce(loads.backlog_count, 0) as backlog_count
    from {{ ref('dim_support_date') }} as days
    left join created on created.day_on = days.day_on
    left join {{ ref('fct_queue_backlog') }} as loads on loads.day_on = days.day_on and loads.queue_id = 'all'

)
{% for metric, window in [('dau_count', 1), ('wau_count', 7), ('mau28_count', 28)] %}
select
    '{{ metric }}' as metric, day_on, 'all' as segment, cast({{ metric }} as double) as metric_value,
    {{ window }} as window_days, is_complete, data_through_at,
    {{ definition_version_of('active_users__daily') }} as definition_version
from usage_days
union all
{%- endfor %}
{%- for metric in ['created_count', 'backlog_count'] %}
select
    '{{ metric }}', day_on, 'all', cast({{ metric }} as double),
    1, is_complete, data_through_at, {{ definition_version_of('support_load__queue_day') }}
from support_days
{%- if not loop.last %}
union all{% endif %}
{%- endfor %}
