select
    replays.metric_id, metrics.name, metrics.kind, replays.experiment_id, replays.unit_count, replays.split_count,
    replays.false_positive_count as false_positive_num, replays.split_count as false_positive_den,
    {{ rate('replays.false_positive_count', 'replays.split_count') }} as false_positive_rate,
    replays.least_count, replays.most_count, replays.ks_p, replays.verdict, replays.is_unsound,
    coalesce(reach.high_water_at > timestamp '1970-01-01', false) as is_complete,
    reach.high_water_at as data_through_at,
    1 as definition_version
from {{ ref('fct_metric_replay') }} as replays
inner join {{ ref('dim_metric') }} as metrics on metrics.metric_id = replays.metric_id
cross join (select max(high_water_at) as high_water_at from {{ ref('dim_contract') }} where contract = 'usage_events') as reach
