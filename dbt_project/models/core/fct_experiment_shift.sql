{%- set enough = 1000 -%}
{%- set with_features = has_feature_metrics(ref('bridge_experiment_metric')) -%}
with

looked_at as (

    select
        windows.window_no, windows.experiment_id, windows.from_day, windows.to_day, looks.look_no, looks.look_on,
        {{ add_days('looks.look_on', '-windows.to_day') }} as last_exposed_on
    from {{ ref('dim_metric_window') }} as windows
    inner join {{ ref('dim_experiment_look') }} as looks on looks.experiment_id = windows.experiment_id

),

sizes as (

    select looked_at.window_no, looked_at.look_no, cells.bucket, sum(cells.unit_count) as unit_count
    from looked_at
    inner join {{ ref('fct_assignment_cell') }} as cells
        on cells.experiment_id = looked_at.experiment_id and cells.first_exposed_on <= looked_at.last_exposed_on
    group by looked_at.window_no, looked_at.look_no, cells.bucket

),

running as (

    select *, sum(unit_count) over (partition by window_no, look_no order by bucket) as running_count from sizes

),

-- A shift need not be the mean: it must only be near it, as the mean of a thousand units is.
samples as (

    select window_no, look_no, max(bucket) as last_bucket, cast(sum(unit_count) as double) as unit_count
    from running
    where running_count - unit_count < {{ enough }}
    group by window_no, look_no

),

sampled as (

    select
        samples.window_no, samples.look_no
        {%- for measure in unit_measures() %}{% for side in ['after', 'before'] %}
        {%- set column = 'totals.' ~ measure ~ '_' ~ side %},
        sum({{ column }}) as {{ measure }}_{{ side }},
        sum(case when {{ column }} > 0 then 1.0 else 0.0 end) as {{ measure }}_{{ side }}_units
        {%- endfor %}{% endfor %}
    from samples
    inner join looked_at on looked_at.window_no = samples.window_no and looked_at.look_no = samples.look_no
    inner join {{ ref('fct_unit_total') }} as totals
        on totals.window_no = samples.window_no and totals.bucket <= samples.last_bucket
        and totals.first_exposed_on <= looked_at.last_exposed_on
    group by samples.window_no, samples.look_no

),

{% if with_features -%}
by_feature as (

    select
        unit_values.experiment_id, looks.look_no, unit_values.metric_id
        {%- for variable in metric_variables() %}, avg(unit_values.{{ variable }}) as {{ variable }}{% endfor %}
    from {{ ref('fct_unit_value') }} as unit_values
    inner join {{ ref('dim_experiment_look') }} as looks
        on looks.experiment_id = unit_values.experiment_id and looks.look_on >= unit_values.mature_on
    where unit_values.is_of_feature
    group by unit_values.experiment_id, looks.look_no, unit_values.metric_id

),

{% endif -%}
means as (

    select
        metrics.experiment_id, looked_at.look_no, metrics.metric_id, metrics.role, metrics.kind,
        {{ is_of_feature('metrics') }} as is_of_feature, looked_at.window_no, looked_at.look_on, looked_at.last_exposed_on,
        {%- for variable, measure, side in [
            ('y', 'numerator', 'after'), ('d', 'denominator', 'after'), ('x', 'numerator', 'before'), ('w', 'denominator', 'before'),
        ] %}
        cast(coalesce(
            {{ 'by_feature.' ~ variable ~ ',' if with_features }}
            {{ "case when metrics.kind <> 'ratio' then 1.0 end," if measure == 'denominator' }}
            case metrics.{{ measure }}
                {%- for name in unit_measures() %}
                when '{{ name }}' then case when metrics.kind = 'proportion' then sampled.{{ name }}_{{ side }}_units else sampled.{{ name }}_{{ side }} end
                {%- endfor %}
            end / samples.unit_count,
            0.0
        ) as double) as {{ variable }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('bridge_experiment_metric') }} as metrics
    inner join looked_at
        on looked_at.experiment_id = metrics.experiment_id and looked_at.from_day = metrics.from_day
        and looked_at.to_day = metrics.to_day
    inner join samples on samples.window_no = looked_at.window_no and samples.look_no = looked_at.look_no
    left join sampled on sampled.window_no = looked_at.window_no and sampled.look_no = looked_at.look_no
    {%- if with_features %}
    left join by_feature
        on by_feature.experiment_id = metrics.experiment_id and by_feature.look_no = looked_at.look_no
        and by_feature.metric_id = metrics.metric_id
    {%- endif %}
    where metrics.kind <> 'quantile'

)

select
    means.experiment_id, means.look_no, means.metric_id, means.role, means.is_of_feature, means.window_no,
    means.look_on, means.last_exposed_on
    {%- for variable in metric_variables() %},
    caps.{{ variable }}_low, caps.{{ variable }}_high,
    {{ within('means.' ~ variable, 'caps.' ~ variable ~ '_low', 'caps.' ~ variable ~ '_high') }} as shift_{{ variable }},
    {% if variable in ['y', 'x'] %}cast(0 as double){% else %}case when means.kind = 'ratio' then cast(0 as double) else cast(1 as double) end{% endif %} as idle_{{ variable }}
    {%- endfor %}
from means
left join {{ ref('fct_experiment_cap') }} as caps
    on caps.experiment_id = means.experiment_id and caps.look_no = means.look_no and caps.metric_id = means.metric_id
