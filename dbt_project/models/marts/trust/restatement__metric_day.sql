with

causes as (

    select * from {{ ref('fct_restated_usage') }}
    union all
    select * from {{ ref('fct_restated_support') }}

),

split as (

    select
        days.*,
        days.metric_value - days.first_value as difference,
        coalesce(causes.late_difference, 0) as late_difference,
        coalesce(causes.identity_difference, 0) as identity_difference,
        coalesce(causes.exclusion_difference, 0) as exclusion_difference
    from {{ ref('fct_restated_day') }} as days
    left join causes
        on causes.metric = days.metric and causes.day_on = days.day_on and causes.segment = days.segment

),

judged as (

    select
        *,
        difference - late_difference - identity_difference - exclusion_difference as rest,
        first_definition_version <> definition_version as is_redefined
    from split

)

select
    metric, day_on, segment, first_value, first_published_at, was_complete as was_complete_first,
    metric_value as value_now, told_count as told_value_count, difference,
    late_difference, identity_difference, exclusion_difference,
    case when is_redefined then rest else cast(0 as double) end as definition_difference,
    case when is_redefined then cast(0 as double) else rest end as residual_difference,
    difference <> 0 as is_restated,
    abs(difference) as restated_num, first_value as restated_den,
    {{ rate('abs(difference)', 'first_value') }} as restated_rate,
    first_definition_version,
    is_complete, data_through_at, definition_version
from judged
