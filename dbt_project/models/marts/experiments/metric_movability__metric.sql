select
    moved.metric_id, metrics.name,
    moved.test_count,
    moved.moved_num,
    moved.moved_den,
    moved.moved_rate,
    moved.moved_low,
    moved.moved_high,
    moved.tau,
    moved.typical_effect,
    moved.large_effect,
    moved.notable_share,
    moved.mean_effect,
    moved.is_known,
    reach.high_water_at is not null as is_complete,
    reach.high_water_at as data_through_at,
    1 as definition_version
from {{ ref('fct_metric_movability') }} as moved
inner join {{ ref('dim_metric') }} as metrics on metrics.metric_id = moved.metric_id
cross join (select max(high_water_at) as high_water_at from {{ ref('dim_contract') }} where contract = 'usage_events') as reach
