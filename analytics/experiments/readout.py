"""What an experiment says at each look: its state, what to do, and why.

Belongs here: from gates and comparisons to a state, a recommendation and reasons in words. Does not
belong here: gates and comparisons themselves, who decides (people do).

States: INVALID (a gate fails; no figure is shown), TOO_EARLY (no look is due), CAUTION (a gate
warns), VALID. Recommendations: ship, stop, continue, discuss, or none where it can't be read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.experiments.comparing import comparisons
from analytics.experiments.comparison import Row
from analytics.experiments.evidence import Evidence, Look
from analytics.experiments.gate import At, Gate
from analytics.experiments.gates import gates


@dataclass(frozen=True)
class Readout:
    """All that is said of one look. `arm_no` is the arm to ship, -1 for none."""

    look: Look
    state: str
    recommendation: str
    arm_no: int
    reasons: tuple[str, ...]
    gates: tuple[Gate, ...]
    rows: tuple[Row, ...]

    @property
    def is_readable(self) -> bool:
        """Whether figures may be shown."""
        return self.state in ("VALID", "CAUTION")


def readouts(evidence: Evidence) -> tuple[Readout, ...]:
    """Of every look that the data reach, in their order; today's state comes first."""
    rows = comparisons(evidence)
    return tuple(
        _readout(At(evidence, look, tuple(row for row in rows if row.look_no == look.number)))
        for look in sorted(evidence.looks, key=lambda look: look.number)
    )


def latest(found: tuple[Readout, ...]) -> Readout | None:
    """The one that counts now: today's state before the end, then the last look."""
    return max(found, key=lambda one: (one.look.on, one.look.number), default=None)


def _readout(at: At) -> Readout:
    checked = gates(at)
    statuses = {gate.status for gate in checked}
    harmed = sorted({row.metric_id for row in at.of("guardrail") if row.is_beyond_margin})
    if "fail" in statuses:
        state, advice = "INVALID", "none"
        reasons = [gate.words for gate in checked if gate.status == "fail"]
        return Readout(at.look, state, advice, -1, tuple(reasons), checked, at.rows)
    if harmed and "wait" in statuses:
        reasons = [f"{name} is worse than its margin allows, whenever one looks" for name in harmed]
        return Readout(at.look, "TOO_EARLY", "stop", -1, tuple(reasons), checked, at.rows)
    if "wait" in statuses:
        reasons = [gate.words for gate in checked if gate.status == "wait"]
        return Readout(at.look, "TOO_EARLY", "continue", -1, tuple(reasons), checked, at.rows)
    advice, arm, reasons = _advice(at, harmed)
    reasons += [
        gate.words for gate in checked if gate.status == "warn" and gate.gate != "guardrails"
    ]
    state = "CAUTION" if "warn" in statuses else "VALID"
    return Readout(at.look, state, advice, arm, tuple(reasons), checked, at.rows)


def _advice(at: At, harmed: list[str]) -> tuple[str, int, list[str]]:
    spec = at.evidence.spec
    primary = at.of("primary")
    won = [row for row in primary if is_win(at.evidence, row)]
    lost = [row for row in primary if row.is_significant and not row.is_good]
    if spec.template == "aa_test":
        if won or lost:
            return (
                "discuss",
                -1,
                [f"{_told(at, row)}, though nothing was changed" for row in won + lost],
            )
        return (
            "continue" if not at.look.is_last else "stop",
            -1,
            ["nothing differs, as it should be"],
        )
    if harmed:
        return "stop", -1, [f"{name} is worse than its margin allows" for name in harmed]
    if won:
        best = max(won, key=lambda row: row.difference * (1 if row.direction == "increase" else -1))
        chance = _safe(best) if spec.is_non_inferiority else _chance(best)
        reasons = [f"{_told(at, best)}, {chance}"]
        alpha = spec.analysis.alpha / 2
        unsafe = sorted({
            row.metric_id for row in at.of("guardrail")
            if row.arm_no == best.arm_no and not row.margin_p <= alpha
        })  # fmt: skip
        if unsafe:
            words = f"harm to {', '.join(unsafe)} beyond the margin is not excluded"
            return "discuss", best.arm_no, [*reasons, words]
        return "ship", best.arm_no, reasons
    if lost and len(lost) == len(primary):
        return "stop", -1, [f"{_told(at, row)}, {_chance(row)}" for row in lost]
    if not at.look.is_last:
        return "continue", -1, ["no bound is crossed yet; the next look is planned"]
    return _without_finding(at, primary)


def _without_finding(at: At, primary: list[Row]) -> tuple[str, int, list[str]]:
    """At the end, nothing was found: because there is nothing, or because too little was seen?"""
    mde = at.evidence.spec.primary.mde_relative
    reasons = [_told(at, row) for row in primary]
    if at.evidence.spec.is_non_inferiority:
        # Here the plan's effect is the loss that is accepted: a gain so large is not the question.
        if primary and all(row.is_beyond_margin for row in primary):
            return (
                "stop",
                -1,
                [*reasons, f"it is worse than the loss of {mde:.1%} that is accepted"],
            )
        return "discuss", -1, [*reasons, f"a loss of {mde:.1%} is neither shown nor excluded"]
    known = [row for row in primary if not np.isnan(row.relative_low)]
    if known and all(_best_case(row) < mde for row in known):
        return "stop", -1, [*reasons, f"an effect of {mde:.1%} or more is excluded"]
    return "discuss", -1, [*reasons, f"an effect of {mde:.1%} is neither shown nor excluded"]


def is_win(evidence: Evidence, row: Row) -> bool:
    """Whether the primary metric did what the plan calls a win."""
    if evidence.spec.is_non_inferiority:
        return row.nominal_alpha > 0 and row.margin_p <= row.nominal_alpha / 2
    return row.is_significant and row.is_good


def _best_case(row: Row) -> float:
    """The largest good effect that the interval leaves."""
    return row.relative_high if row.direction == "increase" else -row.relative_low


def _told(at: At, row: Row) -> str:
    arm = at.evidence.arms[row.arm_no]
    if np.isnan(row.relative):
        return f"{arm}: {row.metric_id} differs by {row.difference:+.4g}"
    span = (
        f" ({row.relative_low:+.1%} to {row.relative_high:+.1%})"
        if row.relative_low == row.relative_low
        else ""
    )
    return f"{arm}: {row.metric_id} {row.relative:+.1%}{span}"


def _chance(row: Row) -> str:
    return f"p {row.p_adjusted:.2g} (found below {row.nominal_alpha:.2g})"


def _safe(row: Row) -> str:
    found = f"p {row.margin_p:.2g} (found below {row.nominal_alpha / 2:.2g})"
    return f"a loss of {row.margin:.1%} or more is excluded, {found}"
