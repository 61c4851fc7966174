"""The query that GrowthBook sends for an experiment, written for DuckDB.

Belongs here: its text for the tables of `experiment_sums`. Does not belong here: running it.

Ported by hand from its open source (commit 8f1db44, of packages/back-end/src/integrations/sql:
queries/experiment-units-query.ts, queries/experiment-fact-metrics-query.ts, ctes/fact-metric-cte.ts
and ctes/experiment-fact-metric-statistics-cte.ts): a chain of CTEs from exposures to users, facts
joined to users, values per user, sums and sums of squares per variation. It drops users who saw
both variations, keeps no buckets and centres nothing.

There are two forms. By default each metric is a query of its own, with all joins of its own: call
it once per metric. With the licensed option `multi-metric-queries`, metrics of one fact table share
one query. Tables in between (pipeline mode) are for some warehouses only and are left out.

Facts here are days of units, so exposures are told by days too: both sides then count the same.
"""

from __future__ import annotations

from collections.abc import Sequence

Metric = tuple[str, str]
_EXPOSURES = """
    __rawExperiment as (
        select unit_id, experiment_id, variation_id, cast(exposed_on as timestamp) as timestamp
        from core.fct_exposure
    ), __experimentExposures as (
        select e.unit_id as unit_id, cast(e.variation_id as varchar) as variation,
            e.timestamp as timestamp
        from __rawExperiment e
        where e.experiment_id = 'exp'
            and e.timestamp >= timestamp '2026-03-01 00:00:00'
            and e.timestamp <= timestamp '2026-03-28 23:59:59'
    ), __experimentUnits as (
        select e.unit_id as unit_id,
            (case when count(distinct e.variation) > 1 then '__multiple__'
                else max(e.variation) end) as variation,
            min(e.timestamp) as first_exposure_timestamp
        from __experimentExposures e
        group by e.unit_id
    )"""


def usual_query(metrics: Sequence[Metric]) -> str:
    """Sums of metrics of one fact table, 14 days after and 14 days before the first exposure."""
    pre, facts, joined, users, sums = [], [], [], [], []
    for n, (kind, measure) in enumerate(metrics):
        is_share = kind == "proportion"
        value = f"case when m.{measure} > 0 then 1 else null end" if is_share else f"m.{measure}"
        pre.append(
            f"first_exposure_timestamp as m{n}_preexposure_end, "
            f"first_exposure_timestamp - interval '336 hours' as m{n}_preexposure_start"
        )
        facts.append(f"{value} as m{n}_value")
        joined.append(
            "(case when m.timestamp >= d.timestamp and m.timestamp <= d.timestamp + interval "
            f"'312 hours' then m.m{n}_value else null end) as m{n}_value, "
            f"(case when m.timestamp >= d.m{n}_preexposure_start and m.timestamp < "
            f"d.m{n}_preexposure_end then m.m{n}_value else null end) as m{n}_covariate_value"
        )
        users.extend(
            f"coalesce(max(umj.{column}), 0) as {column}" if is_share
            else f"sum(coalesce(umj.{column}, 0)) as {column}"
            for column in (f"m{n}_value", f"m{n}_covariate_value")
        )  # fmt: skip
        y, x = f"coalesce(m.m{n}_value, 0)", f"coalesce(m.m{n}_covariate_value, 0)"
        sums.append(
            f"'m{n}' as m{n}_id, sum({y}) as m{n}_main_sum, sum(power({y}, 2)), sum({x}), "
            f"sum(power({x}, 2)), sum({y} * {x})"
        )
    # Rows that no metric asks for are left out, if each metric asks for some only.
    asked = [f"m.{measure} > 0" for kind, measure in metrics if kind == "proportion"]
    filtered = f" and ({' or '.join(asked)})" if len(asked) == len(metrics) else ""
    return f"""
    with {_EXPOSURES}, __distinctUsers as (
        select unit_id, variation, first_exposure_timestamp as timestamp,
            date_trunc('day', first_exposure_timestamp) as first_exposure_date, {", ".join(pre)}
        from __experimentUnits
        where first_exposure_timestamp <= timestamp '2026-04-18 00:00:00'
    ), __factTable as (
        select m.unit_id as unit_id, m.timestamp as timestamp, {", ".join(facts)}
        from (select *, cast(activity_on as timestamp) as timestamp from core.fct_unit_day) m
        where m.timestamp >= timestamp '2026-02-15 00:00:00'
            and m.timestamp <= timestamp '2026-05-01 00:00:00'{filtered}
    ), __userMetricJoin as (
        select d.variation as variation, d.timestamp as timestamp, d.unit_id as unit_id,
            {", ".join(joined)}
        from __distinctUsers d
        left join __factTable m on (m.unit_id = d.unit_id)
    ), __userMetricAgg as (
        select umj.variation, umj.unit_id, {", ".join(users)}
        from __userMetricJoin umj
        group by umj.variation, umj.unit_id
    )
    select m.variation as variation, count(*) as users, {", ".join(sums)}
    from __userMetricAgg m
    group by m.variation
    order by m.variation
    """
