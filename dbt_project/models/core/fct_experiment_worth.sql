with

listed as (

    {{ json_field_rows(ref('fct_experiment_portfolio'), [], 'findings', 'experiments', 'experiment') }}

)

select
    {{ json_text('experiment', 'experiment_id') }} as experiment_id,
    cast({{ json_text('experiment', 'shrunken') }} as double) as shrunken_effect,
    cast({{ json_text('experiment', 'shrunken_sd') }} as double) as shrunken_sd,
    cast({{ json_text('experiment', 'pit') }} as double) as foretold_quantile,
    cast({{ json_text('experiment', 'quality_score') }} as double) as quality_score,
    cast({{ json_text('experiment', 'quality_passed') }} as bigint) as quality_num,
    cast({{ json_text('experiment', 'quality_applicable') }} as bigint) as quality_den
from listed
