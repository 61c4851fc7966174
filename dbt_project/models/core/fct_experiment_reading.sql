{%- set columns = ['look_no', 'metric_id', 'basis', 'arm_no', 'unit_count', 'nonzero_count'] -%}
{%- for name in metric_variables() %}{% do columns.extend(['shift_' ~ name, 's_' ~ name]) %}{% endfor -%}
{% for a, b in variable_pairs() %}{% do columns.append('q_' ~ a ~ b) %}{% endfor -%}
{% do columns.extend(['c_yyy', 'largest_yy']) -%}
with

listed_sums as (

    select experiment_id, {{ rows_listed(pairs_of(columns)) }} as listed
    from {{ ref('fct_experiment_arm_sum') }}
    group by experiment_id

),

listed_looks as (

    select experiment_id, {{ rows_listed(pairs_of(['look_no', 'look_on', 'look_count'])) }} as listed
    from {{ ref('dim_experiment_look') }}
    group by experiment_id

),

listed_metrics as (

    select used.experiment_id, {{ rows_listed([['definition', 'metrics.definition']]) }} as listed
    from {{ ref('bridge_experiment_metric') }} as used
    inner join {{ ref('dim_metric') }} as metrics on metrics.metric_id = used.metric_id
    group by used.experiment_id

),

listed_days as (

    select
        experiment_id,
        {{ rows_listed(pairs_of(['first_exposed_on', 'arm_no', 'unit_count', 'crossover_count'])) }} as listed
    from {{ ref('fct_experiment_day') }}
    group by experiment_id

),

listed_quantiles as (

    select
        experiment_id,
        {{ rows_listed(pairs_of(['look_no', 'metric_id', 'arm_no', 'unit_count', 'row_quantile', 'low_value', 'high_value'])) }} as listed
    from {{ ref('fct_experiment_quantile') }}
    group by experiment_id

),

unsound as (

    select used.experiment_id, {{ distinct_texts('replays.metric_id') }} as metric_ids
    from {{ ref('bridge_experiment_metric') }} as used
    inner join {{ ref('fct_metric_replay') }} as replays on replays.metric_id = used.metric_id and replays.is_unsound
    group by used.experiment_id

),

readings as (

    select
        plans.experiment_id,
        {{ experiment_readout(
            'plans.plan',
            {
                'exposures': 'faults.exposure_count', 'before_start': 'faults.before_start_count',
                'after_end': 'faults.after_end_count', 'unknown_variation': 'faults.unknown_variation_count',
                'nobody': 'faults.nobody_count', 'overlapping_units': 'faults.overlapping_unit_count',
                'missing_days': 'faults.missing_day_count', 'is_preregistered': 'plans.is_preregistered',
                'is_changed': 'plans.is_changed_after_start', 'unsound_metrics': 'unsound.metric_ids',
            },
            'listed_metrics.listed', 'listed_looks.listed', 'listed_sums.listed', 'listed_days.listed',
            'listed_quantiles.listed'
        ) }} as reading
    from {{ ref('dim_experiment') }} as plans
    inner join listed_looks on listed_looks.experiment_id = plans.experiment_id
    left join {{ ref('fct_experiment_fault') }} as faults on faults.experiment_id = plans.experiment_id
    left join listed_metrics on listed_metrics.experiment_id = plans.experiment_id
    left join listed_sums on listed_sums.experiment_id = plans.experiment_id
    left join listed_days on listed_days.experiment_id = plans.experiment_id
    left join listed_quantiles on listed_quantiles.experiment_id = plans.experiment_id
    left join unsound on unsound.experiment_id = plans.experiment_id
    where plans.is_analysable

)

select experiment_id, {{ json_text('reading', 'kernel_version') }} as kernel_version, reading
from readings
