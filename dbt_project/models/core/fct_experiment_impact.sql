with

listed as (

    {{ json_field_rows(ref('fct_experiment_portfolio'), [], 'findings', 'impacts', 'impact') }}

)

select
    coalesce({{ json_text('impact', 'team') }}, 'all') as team,
    cast({{ json_text('impact', 'quarter_on') }} as date) as quarter_on,
    {{ json_text('impact', 'metric') }} as metric_id,
    cast({{ json_text('impact', 'valid_tests') }} as bigint) as valid_test_count,
    cast({{ json_text('impact', 'tests') }} as bigint) as test_count,
    cast({{ json_text('impact', 'shipped') }} as bigint) as shipped_count,
    cast({{ json_text('impact', 'unmeasured') }} as bigint) as unmeasured_count,
    {{ json_text('impact', 'is_shown') }} = 'true' as is_shown,
    {{ json_text('impact', 'is_indicative') }} = 'true' as is_indicative,
    cast({{ json_text('impact', 'lift') }} as double) as lift,
    cast({{ json_text('impact', 'lift_se') }} as double) as lift_se,
    cast({{ json_text('impact', 'lift_low') }} as double) as lift_low,
    cast({{ json_text('impact', 'lift_high') }} as double) as lift_high,
    cast({{ json_text('impact', 'growth') }} as double) as growth,
    cast({{ json_text('impact', 'growth_se') }} as double) as growth_se,
    cast({{ json_text('impact', 'growth_low') }} as double) as growth_low,
    cast({{ json_text('impact', 'growth_high') }} as double) as growth_high,
    cast({{ json_text('impact', 'rule') }} as double) as rule,
    cast({{ json_text('impact', 'rule_se') }} as double) as rule_se,
    cast({{ json_text('impact', 'rule_low') }} as double) as rule_low,
    cast({{ json_text('impact', 'rule_high') }} as double) as rule_high,
    cast({{ json_text('impact', 'cross_validated') }} as double) as cross_validated,
    cast({{ json_text('impact', 'cross_validated_se') }} as double) as cross_validated_se,
    cast({{ json_text('impact', 'cross_validated_low') }} as double) as cross_validated_low,
    cast({{ json_text('impact', 'cross_validated_high') }} as double) as cross_validated_high,
    cast({{ json_text('impact', 'naive') }} as double) as naive_lift,
    cast({{ json_text('impact', 'checked') }} as bigint) as checked_count,
    {{ json_text('impact', 'is_disputed') }} = 'true' as is_disputed
from listed
