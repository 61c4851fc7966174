with

counted as (

    select 'all' as segment, person_id, activity_on
    from {{ ref('fct_person_day') }}
    where is_countable
    group by person_id, activity_on

),

spine as (select day_on from {{ ref('dim_activity_date') }}),

windows as (

    {{ people_in_windows('counted', 'segment', [7, 28], 'spine') }}

),

usage_days as (

    select
        days.day_on, days.is_complete, days.data_through_at,
        coalesce(windows.active1_count, 0) as dau_count,
        coalesce(windows.active7_count, 0) as wau_count,
        coalesce(windows.active28_count, 0) as mau28_count
    from {{ ref('dim_activity_date') }} as days
    left join windows on windows.day_on = days.day_on

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
