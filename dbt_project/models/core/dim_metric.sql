with

defined as (

    select metric_id, {{ metric_definition('spec', 'name') }} as definition, row_number() over (partition by metric_id order by source) as metric_rank
    from {{ ref('stg_metrics') }}

)

select
    metric_id,
    {{ json_text('definition', 'name') }} as name,
    {{ json_text('definition', 'owner') }} as owner,
    {{ json_text('definition', 'kind') }} as kind,
    {{ json_text('definition', 'numerator') }} as numerator,
    {{ json_text('definition', 'denominator') }} as denominator,
    cast({{ json_text('definition', 'from_day') }} as bigint) as from_day,
    cast({{ json_text('definition', 'to_day') }} as bigint) as to_day,
    {{ json_text('definition', 'direction') }} as direction,
    cast({{ json_text('definition', 'cap_quantile') }} as double) as cap_quantile,
    cast({{ json_text('definition', 'compared_quantile') }} as double) as compared_quantile,
    {{ json_text('definition', 'unit') }} as unit,
    coalesce({{ json_text('definition', 'is_valid') }} = 'true', false) as is_valid,
    definition
from defined
where metric_rank = 1
