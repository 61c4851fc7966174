with

listed as (

    {{ json_field_rows(ref('fct_experiment_reading'), ['experiment_id'], 'reading', 'looks', 'look') }}

),

told as (

    select
        experiment_id,
        cast({{ json_text('look', 'look_no') }} as bigint) as look_no,
        {{ json_text('look', 'is_latest') }} = 'true' as is_latest,
        {{ json_text('look', 'state') }} as state,
        {{ json_text('look', 'recommendation') }} as recommendation,
        {{ json_text('look', 'arm') }} as recommended_variation_id,
        {{ json_value('look', 'reasons') }} as reasons,
        {{ json_text('look', 'reason_text') }} as reason_text,
        cast({{ json_text('look', 'primary_arm_no') }} as bigint) as primary_arm_no,
        {{ json_text('look', 'is_win') }} = 'true' as is_win,
        {{ json_text('look', 'is_loss') }} = 'true' as is_loss,
        {{ json_text('look', 'is_breached') }} = 'true' as is_guardrail_breached,
        cast({{ json_text('look', 'unit_count') }} as bigint) as unit_count,
        cast({{ json_text('look', 'crossover_count') }} as bigint) as crossover_count,
        cast({{ json_text('look', 'srm_p') }} as double) as sample_ratio_p,
        cast({{ json_text('look', 'failed_gate_count') }} as bigint) as failed_gate_count,
        cast({{ json_text('look', 'warning_gate_count') }} as bigint) as warning_gate_count
    from listed

)

select
    told.experiment_id, told.look_no, looks.look_on, looks.look_count, looks.is_planned, told.is_latest, told.state,
    told.state in ('VALID', 'CAUTION') as is_readable,
    told.recommendation, told.recommended_variation_id, told.reasons, told.reason_text, told.primary_arm_no, told.is_win,
    told.is_loss, told.is_guardrail_breached, told.unit_count, told.crossover_count, told.sample_ratio_p,
    told.failed_gate_count, told.warning_gate_count
from told
inner join {{ ref('dim_experiment_look') }} as looks
    on looks.experiment_id = told.experiment_id and looks.look_no = told.look_no
