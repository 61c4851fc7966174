with

-- A baseline has one arm.
sums as (

    select sums.*, trials.unit_type, cast(sums.unit_count as double) as n
    from {{ ref('fct_experiment_arm_sum') }} as sums
    inner join {{ ref('dim_trial') }} as trials on trials.experiment_id = sums.experiment_id
    where trials.is_baseline and sums.basis = 'main'

),

means as (

    select
        metric_id, unit_type, n
        {%- for variable in metric_variables() %}, shift_{{ variable }} + s_{{ variable }} / n as mean_{{ variable }}{% endfor %}
        {%- for a, b in variable_pairs() %}, (q_{{ a }}{{ b }} - s_{{ a }} * s_{{ b }} / n) / nullif(n - 1, 0) as cov_{{ a }}{{ b }}{% endfor %}
    from sums

),

-- A ratio is taken as the line that touches it at its mean (delta method); a mean is a ratio by 1.
ratios as (

    select *, mean_y / nullif(mean_d, 0) as ratio, mean_x / nullif(mean_w, 0) as earlier_ratio
    from means

),

lines as (

    select
        metric_id, unit_type, n, ratio,
        (cov_yy - 2 * ratio * cov_yd + ratio * ratio * cov_dd) / (mean_d * mean_d) as unit_variance,
        (cov_xx - 2 * earlier_ratio * cov_xw + earlier_ratio * earlier_ratio * cov_ww) / nullif(mean_w * mean_w, 0) as earlier_variance,
        (cov_yx - earlier_ratio * cov_yw - ratio * cov_dx + ratio * earlier_ratio * cov_dw) / nullif(mean_d * mean_w, 0) as shared
    from ratios

)

select
    metric_id, unit_type, cast(n as bigint) as unit_count, ratio as metric_mean, unit_variance,
    case
        when unit_variance > 0 and earlier_variance > 0 then shared / sqrt(unit_variance * earlier_variance) else 0
    end as correlation
from lines
