"""The page: one HTML file that needs no server, no script and no network.

Belongs here: layout and words. Does not belong here: what stands out (`findings.py`), pictures
(`charts.py`), what is true (the marts).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from analytics.brief.charts import Chart, draw_all
from analytics.brief.findings import Finding, find
from analytics.brief.reading import Marts, Row, open_marts
from analytics.brief.style import HTML, STYLE
from analytics.brief.tables import linked, table
from analytics.brief.words import money, percent


@dataclass(frozen=True)
class CheckLine:
    """One check of the gates, as the page shows it."""

    table: str
    name: str
    severity: str
    passed: bool
    message: str


@dataclass(frozen=True)
class PageContext:
    """What the page says beside the marts."""

    org_name: str
    build_id: str
    as_of_at: str
    time_zone: str
    checks: Sequence[CheckLine] = ()


def build_pages(database: Path, folder: Path, context: PageContext) -> list[Path]:
    """Writes `index.html`; the same marts and context give the same bytes.

    Raises:
        BriefError: If the file is no published build.
    """
    findings = find(database)
    with open_marts(database) as marts:
        body = [
            _head(context, marts),
            _checks(context.checks),
            _incidents(marts),
            _tiles(marts),
            _findings(findings),
            _experiments(marts),
            _charts(draw_all(marts)),
            _renewals(marts),
            _ledger(marts),
            _foot(context),
        ]
    path = folder / "index.html"
    path.write_text(HTML.format(
        title=escape(f"{context.org_name}: product health"), style=STYLE, body="\n".join(body)
    ), encoding="utf-8")  # fmt: skip
    return [path]


def _head(context: PageContext, marts: Marts) -> str:
    # Marts without rows tell nothing of how far they reach.
    reach = {
        words: _one(marts, f"select max(data_through_at) as at from marts.{mart}")["at"]
        for words, mart in (
            ("use", "active_users__daily"),
            ("support", "support_load__queue_day"),
            ("feedback", "theme_demand__theme_week"),
            ("tools", "tool__tool_month"),
        )
    }
    known = [f"{words} to {at:%Y-%m-%d %H:%M}" for words, at in reach.items() if at is not None]
    return (
        f"<header><h1>{escape(context.org_name)}</h1>"
        f"<p class=through><b>Data through</b> {escape(' · '.join(known) or 'nothing yet')} (UTC)"
        f"<br>as of {escape(context.as_of_at)} UTC · days of accounts without a zone of their own "
        f"are those of {escape(context.time_zone)}</p></header>"
    )


def _checks(checks: Sequence[CheckLine]) -> str:
    failed = [check for check in checks if not check.passed]
    if not failed:
        return f"<p class=fine>All {len(checks):,} checks passed.</p>"
    items = "".join(
        f"<li><b>{escape(check.table)}</b> ({escape(check.severity)}): {escape(check.message)}</li>"
        for check in failed
    )
    words = f"{len(failed):,} of {len(checks):,} checks did not pass (none of them critical)"
    return f"<section class=failed><h2>{words}</h2><ul>{items}</ul></section>"


def _incidents(marts: Marts) -> str:
    rows = marts.rows("""
        select severity, asset_name || ': ' || description as what_fails, opened_at as since_utc,
            owner, failing_row_count as failing_rows
        from marts.incident__incident where is_open and is_cause
        order by severity, opened_at, incident_id limit 20""")
    if not rows:
        return ""
    shown = table(tuple(rows[0]), [tuple(row.values()) for row in rows])
    note = "As known when this page was made. Consequences of the same failure are left out."
    return f"<section><h2>Open incidents</h2><p class=note>{note}</p>{shown}</section>"


def _tiles(marts: Marts) -> str:
    tiles = [tile for make in (_people, _reach, _tickets, _idle) if (tile := make(marts))]
    return f"<section class=tiles>{''.join(tiles)}</section>" if tiles else ""


def _tile(value: str, words: str, detail: str) -> str:
    return (
        f"<div class=tile><div class=value>{escape(value)}</div>"
        f"<div class=words>{escape(words)}</div><div class=detail>{escape(detail)}</div></div>"
    )


def _people(marts: Marts) -> str:
    row = _one(marts, """
        select activity_on, mau28_count, stickiness_num, stickiness_den
        from marts.active_users__daily where segment = 'all' and is_complete
        order by activity_on desc limit 1""")  # fmt: skip
    if not row:
        return ""
    share = _share(row["stickiness_num"], row["stickiness_den"])
    detail = f"28 days to {row['activity_on']}; on a mean day {row['stickiness_num']:.0f} ({share})"
    return _tile(f"{row['mau28_count']:,}", "active people", detail)


def _reach(marts: Marts) -> str:
    row = _one(
        marts,
        """
        select sum(seat_utilisation_num) as num, sum(seat_utilisation_den) as den,
            max(activity_on) as day, count(*) as accounts
        from marts.account_usage__account_day
        where is_complete and seat_utilisation_den > 0 and activity_on = (
            select max(activity_on) from marts.account_usage__account_day where is_complete
        )""",
    )
    if not row.get("den"):
        return ""
    detail = (
        f"{row['num']:,.0f} of {row['den']:,.0f} seats in {row['accounts']:,} accounts, "
        f"28 days to {row['day']}"
    )
    return _tile(_share(row["num"], row["den"]), "of customers' paid seats used", detail)


def _tickets(marts: Marts) -> str:
    row = _one(marts, """
        select day_on, backlog_count,
            sum(created_count) over last7 as created, sum(solved_count) over last7 as solved
        from marts.support_load__queue_day where queue_id = 'all' and is_complete
        window last7 as (order by day_on rows 6 preceding)
        order by day_on desc limit 1""")  # fmt: skip
    if not row:
        return ""
    detail = (
        f"end of {row['day_on']}; last 7 days {row['created']:,.0f} created, "
        f"{row['solved']:,.0f} solved"
    )
    return _tile(f"{row['backlog_count']:,}", "tickets unsolved", detail)


def _idle(marts: Marts) -> str:
    row = _one(marts, """
        select currency, sum(reclaimable_minor) as minor, sum(idle90_seat_count) as idle,
            sum(assigned_seat_count) as assigned
        from marts.renewal__contract where reclaimable_minor is not null
        group by currency order by minor desc limit 1""")  # fmt: skip
    if not row:
        return ""
    detail = f"{row['idle']:,.0f} of {row['assigned']:,.0f} assigned seats idle for 90 days"
    return _tile(money(int(row["minor"]), row["currency"]), "could be saved on tools", detail)


def _share(num: float | None, den: float | None) -> str:
    return percent(num, den) if num is not None and den else "unknown"


def _findings(findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    items = "".join(
        f"<li><b>{escape(finding.title)}.</b> {escape(finding.sentence)} "
        f"<span class=n>n = {finding.n:,}</span>"
        f"<details><summary>how it is known</summary><pre>{escape(finding.evidence_sql.strip())}"
        "</pre></details></li>"
        for finding in findings
    )
    note = "The marts say what changed, not why."
    return f"<section><h2>What stands out</h2><p class=note>{note}</p><ol>{items}</ol></section>"


def _experiments(marts: Marts) -> str:
    rows = marts.rows("""
        select experiment_id, name, team, state, recommendation, outcome
        from marts.experiment_scorecard__experiment
        where is_analysable order by starts_on desc, experiment_id limit 8""")
    if not rows:
        return ""
    header = ("experiment", "team", "state", "what to do", "decided")
    lines = [
        (linked(row["name"], f"experiments/{row['experiment_id']}.html"), row["team"],
         row["state"], row["recommendation"], row["outcome"] or "not yet")
        for row in rows
    ]  # fmt: skip
    more = "<p class=note><a href=experiments/index.html>All of them, and what they teach</a></p>"
    return f"<section><h2>Experiments</h2>{more}{table(header, lines)}</section>"


def _charts(charts: Sequence[Chart]) -> str:
    figures = "".join(
        f"<figure><figcaption><h3>{escape(chart.title)}</h3><p class=note>{escape(chart.note)}</p>"
        f"</figcaption>{chart.svg}<details><summary>as a table</summary>"
        f"{table(chart.table[0], chart.table[1])}</details></figure>"
        for chart in charts
    )
    return f"<section class=charts>{figures}</section>" if figures else ""


def _renewals(marts: Marts) -> str:
    rows = marts.rows("""
        select tool_name, renews_on, notice_by_on, days_to_notice_count, purchased_seat_count,
            assigned_seat_count, idle90_seat_count, recommendation
        from marts.renewal__contract order by notice_by_on nulls last, tool_name limit 20""")
    if not rows:
        return ""
    header = ("tool", "renews on", "notice by", "days left", "paid", "assigned", "idle 90 days",
              "what to do")  # fmt: skip
    return "<section><h2>Contracts, by the day notice is due</h2>" + table(
        header, [tuple(row.values()) for row in rows]
    ) + "</section>"  # fmt: skip


def _ledger(marts: Marts) -> str:
    rows = marts.rows("""
        select source, count(distinct source_file) as files, sum(rows_in_count) as rows_in,
            sum(rows_loaded_count) as loaded, sum(rows_duplicate_count) as duplicate,
            sum(rows_quarantined_count) as set_aside, sum(rows_suppressed_count) as suppressed,
            sum(residual_count) as unaccounted
        from marts.row_ledger__batch group by source order by source""")
    if not rows:
        return ""
    names = ("source", "files", "rows in", "loaded", "duplicate", "set aside", "suppressed",
             "unaccounted")  # fmt: skip
    note = "Rows in = loaded + duplicate + set aside + suppressed."
    shown = table(names, [tuple(row.values()) for row in rows])
    return f"<section><h2>Where every row went</h2><p class=note>{note}</p>{shown}</section>"


def _foot(context: PageContext) -> str:
    query = "select * from marts.active_users__daily"
    return (
        f"<footer>Build {escape(context.build_id)}. The numbers behind this page: "
        "<code>productops.duckdb</code> (schema <code>marts</code>) in the folder above, one "
        f"Parquet file a mart beside it; for instance <code>{query}</code>.</footer>"
    )


def _one(marts: Marts, sql: str) -> Row:
    rows = marts.rows(sql)
    return rows[0] if rows else {}
