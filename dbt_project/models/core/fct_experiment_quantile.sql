{%- set group_columns = 'experiment_id, look_no, metric_id, arm_no' -%}
with

-- Rows are sessions of ripe units within their windows.
sessions as (

    select
        assigned.experiment_id, looks.look_no, metrics.metric_id, assigned.arm_no, assigned.unit_id,
        metrics.compared_quantile as share, sessions.length_seconds as row_value, sessions.person_id, sessions.started_at
    from {{ ref('bridge_experiment_metric') }} as metrics
    inner join {{ ref('fct_assignment') }} as assigned on assigned.experiment_id = metrics.experiment_id
    inner join {{ ref('dim_experiment_look') }} as looks
        on looks.experiment_id = assigned.experiment_id
        and looks.look_on >= {{ add_days('assigned.first_exposed_on', 'metrics.to_day') }}
    inner join {{ ref('fct_session') }} as sessions
        on case when assigned.unit_type = 'account' then sessions.account_id else sessions.person_id end = assigned.unit_id
        and sessions.is_countable and sessions.is_clean
        and sessions.started_on >= {{ add_days('assigned.first_exposed_on', 'metrics.from_day') }}
        and sessions.started_on <= {{ add_days('assigned.first_exposed_on', 'metrics.to_day') }}
    where metrics.kind = 'quantile' and metrics.role <> 'baseline'

),

ranked as (

    select
        *,
        row_number() over (partition by {{ group_columns }} order by row_value, person_id, started_at) - 1 as place,
        count(*) over (partition by {{ group_columns }}) as row_count
    from sessions

),

middles as (

    select {{ group_columns }}, share, row_count, {{ value_at('share', 'row_count') }} as middle
    from ranked
    group by {{ group_columns }}, share, row_count

),

-- Rows of one unit are alike: the share of rows below is a ratio of two sums over units.
units as (

    select
        ranked.experiment_id, ranked.look_no, ranked.metric_id, ranked.arm_no, ranked.unit_id,
        cast(count(*) as double) as d,
        cast(sum(case when ranked.row_value <= middles.middle then 1 else 0 end) as double) as y
    from ranked
    inner join middles
        on middles.experiment_id = ranked.experiment_id and middles.look_no = ranked.look_no
        and middles.metric_id = ranked.metric_id and middles.arm_no = ranked.arm_no
    group by ranked.experiment_id, ranked.look_no, ranked.metric_id, ranked.arm_no, ranked.unit_id

),

means as (

    select {{ group_columns }}, count(*) as unit_count, avg(d) as mean_d, avg(y) / avg(d) as ratio
    from units
    group by {{ group_columns }}

),

-- How far off the position of the quantile may be (Woodruff 1952, with the delta method for units).
spreads as (

    select
        means.experiment_id, means.look_no, means.metric_id, means.arm_no, means.unit_count,
        1.959963984540054 * sqrt(
            sum((units.y - means.ratio * units.d) * (units.y - means.ratio * units.d))
            / nullif(means.unit_count - 1, 0) / means.unit_count
        ) / means.mean_d as half
    from units
    inner join means
        on means.experiment_id = units.experiment_id and means.look_no = units.look_no
        and means.metric_id = units.metric_id and means.arm_no = units.arm_no
    group by
        means.experiment_id, means.look_no, means.metric_id, means.arm_no, means.unit_count, means.mean_d, means.ratio

),

placed as (

    select
        ranked.*, spreads.unit_count, middles.middle,
        case when ranked.share - spreads.half > 0 then ranked.share - spreads.half end as low_share,
        case when ranked.share + spreads.half < 1 then ranked.share + spreads.half end as high_share
    from ranked
    inner join middles
        on middles.experiment_id = ranked.experiment_id and middles.look_no = ranked.look_no
        and middles.metric_id = ranked.metric_id and middles.arm_no = ranked.arm_no
    inner join spreads
        on spreads.experiment_id = ranked.experiment_id and spreads.look_no = ranked.look_no
        and spreads.metric_id = ranked.metric_id and spreads.arm_no = ranked.arm_no

)

select
    {{ group_columns }}, share, unit_count, row_count, middle as row_quantile,
    case when low_share is not null and high_share is not null then {{ value_at('low_share', 'row_count') }} end as low_value,
    case when low_share is not null and high_share is not null then {{ value_at('high_share', 'row_count') }} end as high_value
from placed
group by {{ group_columns }}, share, unit_count, row_count, middle, low_share, high_share
