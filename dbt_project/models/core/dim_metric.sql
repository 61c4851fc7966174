select
    metric_id, name, owner, kind, numerator, denominator, from_day, to_day, direction, cap_quantile, compared_quantile, unit,
    is_valid, definition
from {{ ref('int_experiments__metric') }}
