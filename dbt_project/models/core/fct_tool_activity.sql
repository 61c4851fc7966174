{{ config(materialized='view') }}
select
    activity.source, activity.activity_id, coalesce(names.tool_id, 'unknown') as tool_id, activity.app_name,
    activity.email_key, activity.occurred_at, cast(activity.occurred_at as date) as activity_on,
    activity.activity_type, activity.activity_evidence,
    coalesce(activity.outcome, 'success') = 'success' as is_success
from {{ ref('stg_tool_activity') }} as activity
left join {{ ref('int_tools__name') }} as names on names.name_key = {{ name_key('activity.app_name') }}
