"""Charts of the marts as SVG: no script, no network, readable on paper.

Belongs here: which columns are drawn how. Does not belong here: words around them (`page.py`).
"""

from __future__ import annotations

from collections.abc import Callable

from analytics.brief.drawing import COLOURS, INK, Chart, made, plot
from analytics.brief.reading import Marts

_WEEKS_SHOWN = 26


def draw_all(marts: Marts) -> list[Chart]:
    """Every chart that has something to show."""
    drawn = []
    for number, draw in enumerate(_CHARTS):
        chart = draw(marts, f"c{number}")
        if chart is not None:
            drawn.append(chart)
    return drawn


def _active_users(marts: Marts, prefix: str) -> Chart | None:
    import altair as alt

    rows = marts.rows(
        'select activity_on, dau_count as "each day", wau_count as "7 days", '
        'mau28_count as "28 days", is_complete from marts.active_users__daily '
        "where segment = 'all' and activity_on > (select max(activity_on) - 182 "
        "from marts.active_users__daily) order by activity_on"
    )
    if not rows:
        return None
    long = [
        {
            "day": r["activity_on"],
            "people": r[name],
            "window": name,
            "is_complete": r["is_complete"],
        }
        for r in rows
        for name in ("each day", "7 days", "28 days")
    ]
    base = plot(long).encode(
        x=alt.X("day:T", title=None, axis=alt.Axis(format="%b %d", tickCount=6)),
        y=alt.Y("people:Q", title="people"),
        color=alt.Color(
            "window:N",
            sort=["28 days", "7 days", "each day"],
            scale=alt.Scale(domain=["28 days", "7 days", "each day"], range=list(COLOURS[:3])),
        ),
    )
    whole = base.transform_filter("datum.is_complete").mark_line(strokeWidth=2)
    rest = base.mark_line(strokeWidth=1.5, strokeDash=[3, 3], opacity=0.6)
    return made(
        "Active people",
        "Distinct countable people with at least one value event, in windows that end on the day. "
        "Dashed: not yet complete.",
        rest + whole, prefix, rows,
    )  # fmt: skip


def _feature_reach(marts: Marts, prefix: str) -> Chart | None:
    import altair as alt

    rows = marts.rows(
        f"""
        with chosen as (
            select feature_id,
                bool_or(is_released) and not min_by(is_released, week_on) as is_launched,
                avg(reach_rate) filter (where is_complete) as mean_rate
            from marts.feature_adoption__feature_week group by feature_id
            order by is_launched desc, mean_rate desc nulls last limit 4
        )
        select f.week_on, f.feature_id, f.reach_num, f.reach_den, f.reach_rate
        from marts.feature_adoption__feature_week f join chosen using (feature_id)
        where f.is_complete and f.is_released and f.reach_rate is not null
            and f.week_on > (select max(week_on) - {7 * _WEEKS_SHOWN}
                from marts.feature_adoption__feature_week)
        order by f.feature_id, f.week_on
        """
    )
    if not rows:
        return None
    chart = (
        plot(rows)
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=18))
        .encode(
            x=alt.X("week_on:T", title=None, axis=alt.Axis(format="%b %d", tickCount=6)),
            y=alt.Y("reach_rate:Q", title="share of entitled active people",
                    axis=alt.Axis(format="%"), scale=alt.Scale(domainMin=0)),
            color=alt.Color("feature_id:N", scale=alt.Scale(range=list(COLOURS))),
        )
    )  # fmt: skip
    return made(
        "Reach of features",
        "Of the people active in the week whose plan includes the feature, those who used it. A "
        "line begins with the feature's first week.",
        chart, prefix, rows,
    )  # fmt: skip


def _support(marts: Marts, prefix: str) -> Chart | None:
    import altair as alt

    rows = marts.rows(
        f"""
        select cast(date_trunc('week', day_on) as date) as week_on,
            sum(created_count) as created, sum(solved_count) as solved,
            max_by(backlog_count, day_on) as backlog
        from marts.support_load__queue_day
        where queue_id = 'all' and is_complete
            and day_on > (select max(day_on) - {7 * _WEEKS_SHOWN}
                from marts.support_load__queue_day)
        group by 1 having count(*) = 7 order by 1
        """
    )
    if not rows:
        return None
    long = [
        {"week": r["week_on"], "tickets": r[name], "what": name}
        for r in rows
        for name in ("created", "solved", "backlog")
    ]
    chart = (
        plot(long)
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("week:T", title=None, axis=alt.Axis(format="%b %d", tickCount=6)),
            y=alt.Y("tickets:Q", title="tickets"),
            color=alt.Color(
                "what:N",
                scale=alt.Scale(domain=["created", "solved", "backlog"], range=list(COLOURS[:3])),
            ),
        )
    )
    return made(
        "Load of support",
        "Tickets created and solved in each whole week, and those unsolved at its end.",
        chart, prefix, rows,
    )  # fmt: skip


def _themes(marts: Marts, prefix: str) -> Chart | None:
    import altair as alt

    rows = marts.rows(
        f"""
        with chosen as (
            select theme_id from marts.theme_demand__theme_week where is_complete
            group by theme_id order by sum(mention_count) desc, theme_id limit 5
        )
        select t.week_on, t.theme_name, t.mention_count
        from marts.theme_demand__theme_week t join chosen using (theme_id)
        where t.is_complete and t.week_on > (select max(week_on) - {7 * _WEEKS_SHOWN}
            from marts.theme_demand__theme_week)
        order by t.theme_name, t.week_on
        """
    )
    if not rows:
        return None
    chart = (
        plot(rows)
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("week_on:T", title=None, axis=alt.Axis(format="%b %d", tickCount=6)),
            y=alt.Y("mention_count:Q", title="mentions"),
            color=alt.Color("theme_name:N", scale=alt.Scale(range=list(COLOURS))),
        )
    )
    return made(
        "What customers speak of",
        "Mentions of themes a week in tickets, sales notes, survey answers and reasons of loss.",
        chart, prefix, rows,
    )  # fmt: skip


def _seats(marts: Marts, prefix: str) -> Chart | None:
    import altair as alt

    rows = marts.rows(
        """
        select tool_name, purchased_seat_count, assigned_seat_count, active28_seat_count,
            idle90_seat_count, snapshot_on
        from marts.tool__tool_month
        where purchased_seat_count is not null
        qualify row_number() over (partition by tool_id order by month_on desc) = 1
        order by purchased_seat_count desc, tool_name limit 8
        """
    )
    if not rows:
        return None
    names = {
        "used in 28 days": lambda r: r["active28_seat_count"],
        "assigned, not used": lambda r: (r["assigned_seat_count"] or 0) - r["active28_seat_count"],
        "assigned, use unknown": lambda r: r["assigned_seat_count"],
        "nobody's": lambda r: max(r["purchased_seat_count"] - (r["assigned_seat_count"] or 0), 0),
    }
    long = []
    for r in rows:
        unknown = r["active28_seat_count"] is None
        for order, (name, count) in enumerate(names.items()):
            if (name == "assigned, use unknown") != unknown and name != "nobody's":
                continue
            long.append({"tool": r["tool_name"], "seats": count(r), "state": name, "order": order})
    colours = [COLOURS[2], COLOURS[1], "#b8c0c8", "#dfe3e8"]
    chart = (
        plot(long)
        .mark_bar(height={"band": 0.6})
        .encode(
            y=alt.Y("tool:N", title=None, sort=[r["tool_name"] for r in rows],
                    axis=alt.Axis(labelColor=INK, labelLimit=160)),
            x=alt.X("seats:Q", title="seats paid for"),
            color=alt.Color("state:N", scale=alt.Scale(domain=list(names), range=colours),
                            legend=alt.Legend(symbolType="square", symbolStrokeWidth=0, columns=2)),
            order=alt.Order("order:Q"),
        )
    )  # fmt: skip
    return made(
        "Seats of tools",
        "Seats paid for, by what the newest member list says of them.",
        chart, prefix, rows,
    )  # fmt: skip


def _retention(marts: Marts, prefix: str) -> Chart | None:
    import altair as alt

    rows = marts.rows(
        """
        select interval_number as week, sum(retention_num) as retained,
            sum(retention_den) as people, sum(retention_num) / sum(retention_den) as share
        from marts.retention__cohort_interval
        where variant = 'classic_week' and is_mature and retention_den > 0
            and interval_number between 0 and 12
        group by 1 order by 1
        """
    )
    if not rows:
        return None
    chart = (
        plot(rows)
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=24), color=COLOURS[0])
        .encode(
            x=alt.X("week:Q", title="weeks after the first", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("share:Q", title="still active", axis=alt.Axis(format="%"),
                    scale=alt.Scale(domain=[0, 1])),
        )
    )  # fmt: skip
    return made(
        "Who stays",
        "Of all people whose week so long after the first is over, those active in it.",
        chart, prefix, rows,
    )  # fmt: skip


_CHARTS: tuple[Callable[[Marts, str], Chart | None], ...] = (
    _active_users, _feature_reach, _support, _themes, _retention, _seats,
)  # fmt: skip
