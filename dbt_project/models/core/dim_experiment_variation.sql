with

listed as (

    {{ json_field_rows(ref('dim_experiment'), ['experiment_id'], 'plan', 'variations', 'variation', 'is_analysable') }}

)

select
    experiment_id,
    {{ json_text('variation', 'id') }} as variation_id,
    {{ json_text('variation', 'name') }} as name,
    cast({{ json_text('variation', 'weight') }} as double) as weight,
    {{ json_text('variation', 'is_control') }} = 'true' as is_control,
    row_number() over (
        partition by experiment_id
        order by case when {{ json_text('variation', 'is_control') }} = 'true' then 0 else 1 end, {{ json_text('variation', 'id') }}
    ) - 1 as arm_no
from listed
