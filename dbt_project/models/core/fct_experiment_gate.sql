with

listed as (

    {{ json_array_rows(
        "(select experiment_id, " ~ json_value('reading', 'gates') ~ " as gates from " ~ ref('fct_experiment_reading') ~ ") as readings",
        ['experiment_id'], 'gates', 'gate'
    ) }}

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
