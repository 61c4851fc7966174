with

listed as (

    {{ json_array_rows(
        "(select " ~ json_value('findings', 'experiments') ~ " as experiments from " ~ ref('fct_experiment_portfolio') ~ ") as found",
        [], 'experiments', 'experiment'
    ) }}

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
