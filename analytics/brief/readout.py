"""One experiment's readout: facts from the marts, as Markdown for a terminal or a ticket.

Belongs here: what is asked of the marts for a readout, and its words. Does not belong here: HTML
(`experiment_page.py`), any statistics (the marts have them).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analytics.brief.reading import BriefError, Marts, Row

HEADLINES = {
    "ship": "Ship {variation}",
    "stop": "Stop",
    "continue": "Let it run",
    "discuss": "Talk about it",
    "none": "Not to be read",
}
_SIGNS = {"pass": "ok", "warn": "CAUTION", "fail": "FAILS", "wait": "wait", "info": "note"}


@dataclass(frozen=True)
class Readout:
    """All that is told of one experiment, each part in the order in which it is shown."""

    card: Row
    comparisons: Sequence[Row]
    looks: Sequence[Row]
    gates: Sequence[Row]
    arms: Sequence[Row]

    @property
    def headline(self) -> str:
        """What to do, in a few words."""
        state = self.card["state"]
        if state in ("NOT_STARTED", "NOT_ANALYSABLE"):
            return {"NOT_STARTED": "Not begun", "NOT_ANALYSABLE": "No plan to read it by"}[state]
        words = HEADLINES[self.card["recommendation"]]
        return words.format(variation=self.card["recommended_variation_id"])

    @property
    def reasons(self) -> list[str]:
        """Why, one sentence each."""
        return [part for part in (self.card["reason_text"] or "").split("; ") if part]

    def facts(self) -> list[tuple[str, str]]:
        """The plan and what became of it, in words."""
        card = self.card
        found = [
            ("Hypothesis", card["hypothesis"]),
            ("Owner", f"{card['owner']} ({card['team']})"),
            ("Exposure", f"{card['starts_on']} to {card['ends_on']}, by {card['unit_type']}"),
            ("Units so far", f"{card['unit_count']:,}"),
            ("Decided by", f"{card['primary_metric_id']} ({card['direction']}), an effect of "
             f"{card['mde_relative'] or 0:.0%} is worth it"),
            ("Method", f"{(card['method'] or 'none').replace('_', ' ')}, {card['template']}"),
            ("Plan", _plan_words(card)),
            ("Done well", f"{card['quality_num']} of {card['quality_den']} checks"
             if card["quality_den"] else None),
            ("Decision", _decision_words(card)),
            ("Learning", card["learning"]),
        ]  # fmt: skip
        return [(name, str(value)) for name, value in found if value]


def read_readout(marts: Marts, experiment_id: str) -> Readout:
    """A readout from a published build.

    Raises:
        BriefError: If there is no such experiment.
    """
    key = "'" + experiment_id.replace("'", "''") + "'"
    cards = marts.rows(f"""
        select * from marts.experiment_scorecard__experiment where experiment_id = {key}""")
    if not cards:
        known = marts.rows("""
            select experiment_id from marts.experiment_scorecard__experiment order by 1""")
        names = ", ".join(row["experiment_id"] for row in known) or "none yet"
        raise BriefError(f"{experiment_id}: no such experiment in the published build ({names})")
    return Readout(
        cards[0],
        marts.rows(f"""
            select * from marts.experiment_readout__metric_arm
            where experiment_id = {key} and is_latest
            order by case role when 'primary' then 0 when 'guardrail' then 1 else 2 end,
                metric_id, variation_id, is_deciding desc, estimator"""),
        marts.rows(f"""
            select * from marts.experiment_readout__metric_arm
            where experiment_id = {key} and role = 'primary' and is_deciding
            order by look_on, look_no, variation_id"""),
        marts.rows(f"""
            select gate, status, words, observed, threshold from marts.experiment_gate__gate
            where experiment_id = {key} and is_latest
            order by case status when 'fail' then 0 when 'wait' then 1 when 'warn' then 2
                when 'info' then 3 else 4 end, gate"""),
        marts.rows(f"""
            select variation_id, is_control, unit_count, nonzero_count,
                shift_y + s_y / unit_count as metric_mean
            from marts.experiment_sum__metric_arm as sums
            where experiment_id = {key} and basis = 'main' and metric_id = (
                select primary_metric_id from marts.experiment_scorecard__experiment
                where experiment_id = {key}
            ) and look_no = (
                select look_no from marts.experiment_scorecard__experiment
                where experiment_id = {key}
            ) order by is_control desc, variation_id"""),
    )  # fmt: skip


def markdown(readout: Readout) -> str:
    """The readout as Markdown."""
    card = readout.card
    parts = [
        f"# {card['name']}: {readout.headline}",
        f"`{card['experiment_id']}` · {card['state']} · look {card['look_no'] or 0} of "
        f"{card['look_count'] or 0}, data to {card['look_on'] or 'nothing yet'}",
        "\n".join(f"- {reason}" for reason in readout.reasons),
        "## Plan\n\n" + "\n".join(f"- **{name}:** {words}" for name, words in readout.facts()),
    ]
    if card["is_readable"]:
        parts.append("## Effects\n\n" + _effects(readout))
    elif readout.comparisons:
        parts.append("## Effects\n\nHidden: " + "; ".join(readout.reasons))
    if readout.gates:
        lines = [
            f"| {gate['gate'].replace('_', ' ')} | {_SIGNS.get(gate['status'], gate['status'])} "
            f"| {gate['words']} |"
            for gate in readout.gates
        ]
        parts.append("\n".join(["## Checks before reading\n", "| check | | what was found |",
                                "|---|---|---|", *lines]))  # fmt: skip
    return "\n\n".join(part for part in parts if part) + "\n"


def effect_words(row: Row) -> str:
    """A comparison as people say it."""
    if row["relative"] is not None and row["relative_low"] is not None:
        return f"{row['relative']:+.1%} ({row['relative_low']:+.1%} to {row['relative_high']:+.1%})"
    if row["difference"] is None:
        return f"not computable ({(row['reason'] or 'hidden').replace('_', ' ')})"
    return f"{row['difference']:+.4g} ({_number(row['ci_low'])} to {_number(row['ci_high'])})"


def verdict_words(row: Row) -> str:
    """What a comparison says, held against what the plan asks."""
    if row["role"] == "guardrail":
        if row["is_beyond_margin"]:
            return f"worse than its margin of {row['margin']:.0%}"
        if row["margin_p"] is not None and row["margin_p"] <= 0.025:
            return f"no worse than its margin of {row['margin']:.0%}"
        return f"harm beyond {row['margin']:.0%} is not excluded"
    if row["is_significant"]:
        return "better" if row["is_good"] else "worse"
    return "no difference shown"


def _effects(readout: Readout) -> str:
    lines = [
        f"| {row['metric_id']} | {row['role']} | {row['variation_id']} "
        f"| {row['control_mean']:.4g} | {row['treatment_mean']:.4g} | {effect_words(row)} "
        f"| {_number(row['p_adjusted'])} | {verdict_words(row)} |"
        for row in readout.comparisons
        if row["is_deciding"]
    ]
    head = "| metric | role | variation | control | variation's | effect | p (adjusted) | says |"
    return "\n".join([head, "|---|---|---|---|---|---|---|---|", *lines])


def _plan_words(card: Row) -> str:
    if card["registered_on"] is None:
        return "no plan that can be read"
    when = f"registered {card['registered_on']}"
    if card["is_changed_after_start"]:
        return f"{when}, changed after the start: exploratory"
    return when if card["is_preregistered"] else f"{when}, after the start"


def _decision_words(card: Row) -> str | None:
    if not card["outcome"]:
        return "overdue" if card["is_decision_overdue"] else None
    what = f"{card['outcome']} {card['decided_variation_id'] or ''}".strip()
    against = " (against the recommendation)" if card["is_override"] else ""
    return f"{what} on {card['decided_on']} by {card['decided_by']}{against}: {card['rationale']}"


def _number(value: Any) -> str:
    return "unknown" if value is None else f"{value:.3g}"
