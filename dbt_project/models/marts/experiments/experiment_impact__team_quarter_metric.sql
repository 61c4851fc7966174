with

reach as (

    select max(high_water_at) as high_water_at from {{ ref('dim_contract') }} where contract = 'usage_events'

)

select
    found.team,
    {{ quarter_name('found.quarter_on') }} as quarter,
    found.quarter_on,
    found.metric_id,
    found.valid_test_count,
    found.test_count,
    found.shipped_count,
    found.unmeasured_count,
    found.is_shown,
    found.is_indicative,
    found.lift,
    found.lift_se,
    found.lift_low,
    found.lift_high,
    found.growth,
    found.growth_se,
    found.growth_low,
    found.growth_high,
    found.rule,
    found.rule_se,
    found.rule_low,
    found.rule_high,
    found.cross_validated,
    found.cross_validated_se,
    found.cross_validated_low,
    found.cross_validated_high,
    found.naive_lift,
    found.checked_count,
    found.is_disputed,
    coalesce(found.quarter_on + interval '3' month <= reach.high_water_at, false) as is_complete,
    {{ least_of("cast(found.quarter_on + interval '3' month as timestamp)", 'reach.high_water_at') }} as data_through_at,
    1 as definition_version
from {{ ref('fct_experiment_impact') }} as found
cross join reach
