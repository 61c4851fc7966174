with

listed as (

    {{ json_field_rows(ref('fct_experiment_reading'), ['experiment_id'], 'reading', 'gates', 'gate') }}

)

select
    experiment_id,
    cast({{ json_text('gate', 'look_no') }} as bigint) as look_no,
    {{ json_text('gate', 'gate') }} as gate,
    {{ json_text('gate', 'status') }} as status,
    {{ json_text('gate', 'words') }} as words,
    cast({{ json_text('gate', 'value') }} as double) as observed,
    cast({{ json_text('gate', 'threshold') }} as double) as threshold
from listed
