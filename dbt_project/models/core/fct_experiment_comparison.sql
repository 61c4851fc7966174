with

listed as (

    {{ json_field_rows(ref('fct_experiment_reading'), ['experiment_id'], 'reading', 'comparisons', 'comparison') }}

)

select
    experiment_id,
    cast({{ json_text('comparison', 'look_no') }} as bigint) as look_no,
    {{ json_text('comparison', 'metric_id') }} as metric_id,
    {{ json_text('comparison', 'role') }} as role,
    {{ json_text('comparison', 'direction') }} as direction,
    cast({{ json_text('comparison', 'arm_no') }} as bigint) as arm_no,
    {{ json_text('comparison', 'estimator') }} as estimator,
    {{ json_text('comparison', 'is_deciding') }} = 'true' as is_deciding,
    cast({{ json_text('comparison', 'control_count') }} as double) as control_count,
    cast({{ json_text('comparison', 'treatment_count') }} as double) as treatment_count,
    cast({{ json_text('comparison', 'control_mean') }} as double) as control_mean,
    cast({{ json_text('comparison', 'treatment_mean') }} as double) as treatment_mean,
    cast({{ json_text('comparison', 'control_variance') }} as double) as control_variance,
    cast({{ json_text('comparison', 'treatment_variance') }} as double) as treatment_variance,
    cast({{ json_text('comparison', 'theta') }} as double) as theta,
    cast({{ json_text('comparison', 'difference') }} as double) as difference,
    cast({{ json_text('comparison', 'se') }} as double) as se,
    cast({{ json_text('comparison', 'df') }} as double) as df,
    cast({{ json_text('comparison', 't') }} as double) as t,
    cast({{ json_text('comparison', 'p') }} as double) as p,
    cast({{ json_text('comparison', 'p_adjusted') }} as double) as p_adjusted,
    {{ json_text('comparison', 'family') }} as family,
    cast({{ json_text('comparison', 'nominal_alpha') }} as double) as nominal_alpha,
    cast({{ json_text('comparison', 'ci_low') }} as double) as ci_low,
    cast({{ json_text('comparison', 'ci_high') }} as double) as ci_high,
    cast({{ json_text('comparison', 'relative') }} as double) as relative,
    cast({{ json_text('comparison', 'relative_low') }} as double) as relative_low,
    cast({{ json_text('comparison', 'relative_high') }} as double) as relative_high,
    cast({{ json_text('comparison', 'margin') }} as double) as margin,
    cast({{ json_text('comparison', 'margin_p') }} as double) as margin_p,
    cast({{ json_text('comparison', 'beyond_margin_p') }} as double) as beyond_margin_p,
    {{ json_text('comparison', 'is_beyond_margin') }} = 'true' as is_beyond_margin,
    cast({{ json_text('comparison', 'power_at_mde') }} as double) as power_at_mde,
    {{ json_text('comparison', 'is_significant') }} = 'true' as is_significant,
    {{ json_text('comparison', 'is_good') }} = 'true' as is_good,
    {{ json_text('comparison', 'reason') }} as reason
from listed
