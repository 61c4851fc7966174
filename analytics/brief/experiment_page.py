"""Pages of experiments: one for each, and one for what they teach together.

Belongs here: layout and words. Does not belong here: figures (the marts), pictures
(`experiment_charts.py`), the same as Markdown (`readout.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from analytics.brief import experiment_charts as draw
from analytics.brief.drawing import Chart
from analytics.brief.reading import Marts, Row, open_marts
from analytics.brief.readout import Readout, effect_words, read_readout, verdict_words
from analytics.brief.style import HTML, STYLE
from analytics.brief.tables import linked, table

FOLDER = "experiments"
_RATES = (
    ("win", "won: the primary metric moved the right way"),
    ("loss", "lost: it moved the wrong way"),
    ("ship", "shipped"),
    ("ship_without_evidence", "shipped without a win"),
    ("valid", "may be read"),
    ("srm", "arms not as large as planned"),
    ("preregistered", "planned before the start, and unchanged"),
    ("guardrail_breach", "broke a guardrail"),
    ("override", "decided against the recommendation"),
    ("learning", "decided, readable and as sharp as planned"),
)


def build_experiment_pages(database: Path, pages: Path) -> list[Path]:
    """Writes a page per experiment and their index; nothing where there are none.

    Raises:
        BriefError: If the file is no published build.
    """
    with open_marts(database) as marts:
        cards = marts.rows("""
            select * from marts.experiment_scorecard__experiment
            order by starts_on desc nulls last, experiment_id""")
        if not cards:
            return []
        folder = pages / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        written = [_write(folder / "index.html", "Experiments", _index(marts, cards))]
        for card in cards:
            readout = read_readout(marts, card["experiment_id"])
            path = folder / f"{card['experiment_id']}.html"
            written.append(_write(path, card["name"], page_of(readout)))
    return written


def page_of(readout: Readout) -> list[str]:
    """The parts of one experiment's page."""
    card = readout.card
    kind = "invalid" if card["state"] == "INVALID" else card["recommendation"]
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in readout.reasons)
    where = f"{card['state'].replace('_', ' ').lower()}"
    if card["look_on"]:
        look = f"look {card['look_no']} of {card['look_count']}" if card["look_no"] else "today"
        where += f" · {look}, data to {card['look_on']}"
    facts = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(words)}</dd></div>"
        for name, words in readout.facts()
    )
    return [
        f"<header><h1>{escape(card['name'])}</h1><p class=through>"
        f"<a href=index.html>All experiments</a> · <code>{escape(card['experiment_id'])}</code>"
        "</p></header>",
        f"<section class='state {escape(kind)}'><h2>{escape(readout.headline)}</h2>"
        f"<p class=note>{escape(where)}</p><ul>{reasons}</ul></section>",
        f"<section><h2>What was planned, and decided</h2><dl class=facts>{facts}</dl></section>",
        _effects(readout),
        _gates(readout.gates),
        _arms(readout),
        _again(card),
    ]


def _effects(readout: Readout) -> str:
    if not readout.comparisons:
        return ""
    if not readout.card["is_readable"]:
        words = "Effects, p values and intervals are hidden until nothing fails and a look is due."
        return f"<section><h2>Effects</h2><p>{words}</p></section>"
    shown = [{**row, "label": _label(row), "says": _says(row)} for row in readout.comparisons]
    several = len({row["variation_id"] for row in shown}) > 1
    if several:
        shown = [{**row, "label": f"{row['label']}, {row['variation_id']}"} for row in shown]
    charts = [
        draw.effects([row for row in shown if row["is_deciding"]], "e", "Effects",
                     "As a share of the control, with 95 % intervals."),
        draw.looks(readout.looks, "l"),
        draw.effects(
            [{**r, "label": r["estimator"].replace("_", " ")} for r in shown
             if r["role"] == "primary" and (not several or r["variation_id"] ==
                                            readout.card["primary_variation_id"])],
            "w", "The primary metric, computed in other ways",
            "If the answer hangs on how it is computed, it is no answer yet."),
    ]  # fmt: skip
    lines = [
        (row["metric_id"], row["role"], row["variation_id"], row["control_mean"],
         row["treatment_mean"], effect_words(row), row["p_adjusted"], verdict_words(row))
        for row in readout.comparisons if row["is_deciding"]
    ]  # fmt: skip
    header = ("metric", "role", "variation", "control", "variation's", "effect", "p (adjusted)",
              "says")  # fmt: skip
    return _figures([chart for chart in charts if chart]) + (
        f"<section><h2>In numbers</h2>{table(header, lines)}</section>"
    )


def _gates(gates: Sequence[Row]) -> str:
    if not gates:
        return ""
    header = ("check", "status", "what was found", "observed", "threshold")
    lines = [
        (g["gate"].replace("_", " "), g["status"], g["words"], g["observed"], g["threshold"])
        for g in gates
    ]
    return f"<section><h2>Checks before reading</h2>{table(header, lines)}</section>"


def _arms(readout: Readout) -> str:
    if not readout.arms:
        return ""
    header = ("variation", "control", "ripe units", "with any", "mean of the primary metric")
    hidden = not readout.card["is_readable"]
    lines = [
        (row["variation_id"], row["is_control"], row["unit_count"], row["nonzero_count"],
         "hidden" if hidden else row["metric_mean"])
        for row in readout.arms
    ]  # fmt: skip
    return f"<section><h2>Units by variation</h2>{table(header, lines)}</section>"


def _again(card: Row) -> str:
    query = (
        "select * from marts.experiment_sum__metric_arm "
        f"where experiment_id = '{escape(card['experiment_id'])}'"
    )
    return (
        "<footer>Every figure here can be worked out again from the sums in "
        f"<code>productops.duckdb</code>: <code>{query}</code>. How, says docs/experiments.md."
        "</footer>"
    )


def _index(marts: Marts, cards: Sequence[Row]) -> list[str]:
    header = ("experiment", "team", "exposure", "units", "state", "what to do", "decided",
              "primary effect", "done well")  # fmt: skip
    lines = [
        (linked(card["name"], f"{card['experiment_id']}.html"), card["team"],
         f"{card['starts_on']} to {card['ends_on']}", card["unit_count"],
         card["state"].replace("_", " ").lower(), card["recommendation"],
         card["outcome"] or ("overdue" if card["is_decision_overdue"] else "not yet"),
         effect_words({**card, "ci_low": None, "ci_high": None, "reason": ""})
         if card["relative"] is not None else "hidden or none yet",
         f"{card['quality_num']} of {card['quality_den']}" if card["quality_den"] else "")
        for card in cards
    ]  # fmt: skip
    readable = [
        {**card, "label": card["name"], "says": _says_card(card)}
        for card in cards if card["relative"] is not None
    ]  # fmt: skip
    note = "As measured, with 95 % intervals; the best of many were also lucky."
    chart = draw.effects(readable, "p", "Primary effects", note)
    return [
        "<header><h1>Experiments</h1><p class=through><a href=../index.html>Product health</a>"
        "</p></header>",
        f"<section><h2>All of them</h2>{table(header, lines)}</section>",
        _figures([chart] if chart else []),
        _rates(marts),
        _impact(marts),
        _metrics(marts),
    ]


def _rates(marts: Marts) -> str:
    rows = marts.rows("""
        select * from marts.experiment_portfolio__team_quarter
        where team = 'all' order by quarter_on nulls first""")
    if not rows or not rows[0]["concluded_count"]:
        return ""
    header = ("of those that ended", *(
        "all time" if row["quarter"] == "all" else row["quarter"] for row in rows
    ))  # fmt: skip
    lines = [("ended", *(row["concluded_count"] for row in rows))]
    lines += [(words, *(_rate(row, name) for row in rows)) for name, words in _RATES]
    risks = [row["false_positive_risk"] for row in rows]
    lines.append(("wins that are chance, by the win rate", *(
        "unknown" if risk is None else f"{risk:.0%}" for risk in risks
    )))  # fmt: skip
    note = "Shares with 95 % intervals. A third of ideas winning is common, a tenth is not rare."
    return (f"<section><h2>How we experiment</h2><p class=note>{note}</p>"
            f"{table(header, lines)}</section>")  # fmt: skip


def _impact(marts: Marts) -> str:
    rows = marts.rows("""
        select metric_id, valid_test_count, shipped_count, is_shown, is_indicative, lift, lift_low,
            lift_high, naive_lift, is_disputed
        from marts.experiment_impact__team_quarter_metric
        where team = 'all' and quarter = 'all' order by valid_test_count desc, metric_id""")
    if not rows:
        return ""
    header = ("metric", "readable tests", "shipped", "sum of what was shipped", "as measured",
              "both ways agree")  # fmt: skip
    lines = [
        (row["metric_id"], row["valid_test_count"], row["shipped_count"],
         f"{row['lift']:+.1%} ({row['lift_low']:+.1%} to {row['lift_high']:+.1%})"
         + (" indicative" if row["is_indicative"] else "") if row["lift"] is not None
         else "shown from 30 tests on",
         "" if row["naive_lift"] is None else f"{row['naive_lift']:+.1%}",
         {None: "", True: "no", False: "yes"}[row["is_disputed"]])
        for row in rows
    ]  # fmt: skip
    note = (
        "Shrunken by what all tests of the metric say. Experiments that act on each other, and "
        "effects that fade, are not in these figures; a holdout knows better."
    )
    return (f"<section><h2>What it adds up to</h2><p class=note>{note}</p>"
            f"{table(header, lines)}</section>")  # fmt: skip


def _metrics(marts: Marts) -> str:
    rows = marts.rows("""
        select b.metric_id, b.name, b.metric_mean, b.unit_count, b.correlation, r.verdict,
            r.false_positive_rate, m.test_count, m.typical_effect
        from marts.metric_baseline__metric_unit_type b
        left join marts.aa_replay__metric r using (metric_id)
        left join marts.metric_movability__metric m using (metric_id)
        where b.unit_type = 'person'
        order by b.metric_id""")
    if not rows:
        return ""
    header = ("metric", "name", "mean now", "people", "known from before", "splits by chance",
              "false findings", "tests", "typical effect")  # fmt: skip
    lines = [
        (row["metric_id"], row["name"], row["metric_mean"], row["unit_count"],
         f"{row['correlation'] ** 2:.0%}", row["verdict"],
         None if row["false_positive_rate"] is None else f"{row['false_positive_rate']:.1%}",
         row["test_count"] or 0,
         "" if row["typical_effect"] is None else f"{row['typical_effect']:.1%}")
        for row in rows
    ]  # fmt: skip
    note = "Splits by chance should find something in 5 of 100; a metric that does not is no judge."
    return f"<section><h2>Metrics</h2><p class=note>{note}</p>{table(header, lines)}</section>"


def _figures(charts: Sequence[Chart]) -> str:
    figures = "".join(
        f"<figure><figcaption><h3>{escape(chart.title)}</h3><p class=note>{escape(chart.note)}</p>"
        f"</figcaption>{chart.svg}</figure>"
        for chart in charts
    )
    return f"<section class=charts>{figures}</section>" if figures else ""


def _rate(row: Row, name: str) -> str:
    if not row[f"{name}_den"]:
        return "none"
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f"{row[f'{name}_num']} of {row[f'{name}_den']} ({low:.0%} to {high:.0%})"


def _label(row: Row) -> str:
    return f"{row['metric_id']} ({row['role']})"


def _says(row: Row) -> str:
    if not row["is_significant"] or row["role"] == "guardrail":
        return "worse" if row["is_beyond_margin"] else "unclear"
    return "better" if row["is_good"] else "worse"


def _says_card(card: Row) -> str:
    low, high = card["relative_low"], card["relative_high"]
    if card["is_win"]:
        return "better"
    wrong = high is not None and (high < 0 if card["direction"] == "increase" else low > 0)
    return "worse" if wrong else "unclear"


def _write(path: Path, title: str, body: Sequence[str]) -> Path:
    text = HTML.format(
        title=escape(title), style=STYLE, body="\n".join(part for part in body if part)
    )
    path.write_text(text, encoding="utf-8")
    return path
