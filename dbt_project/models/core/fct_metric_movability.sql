with

listed as (

    {{ json_field_rows(ref('fct_experiment_portfolio'), [], 'findings', 'metrics', 'moved') }}

)

select
    {{ json_text('moved', 'metric') }} as metric_id,
    cast({{ json_text('moved', 'tests') }} as bigint) as test_count,
    cast({{ json_text('moved', 'moved_num') }} as bigint) as moved_num,
    cast({{ json_text('moved', 'moved_den') }} as bigint) as moved_den,
    cast({{ json_text('moved', 'moved_rate') }} as double) as moved_rate,
    cast({{ json_text('moved', 'moved_low') }} as double) as moved_low,
    cast({{ json_text('moved', 'moved_high') }} as double) as moved_high,
    cast({{ json_text('moved', 'tau') }} as double) as tau,
    cast({{ json_text('moved', 'typical_effect') }} as double) as typical_effect,
    cast({{ json_text('moved', 'large_effect') }} as double) as large_effect,
    cast({{ json_text('moved', 'notable_share') }} as double) as notable_share,
    cast({{ json_text('moved', 'mean_effect') }} as double) as mean_effect,
    {{ json_text('moved', 'is_known') }} = 'true' as is_known
from listed
