"""One experiment's evidence as JSON text and plain rows in, its readouts as JSON text out.

Belongs here: the form in which the warehouse asks and is answered. Does not belong here: anything
that is computed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from analytics.experiments.documents import DocumentError, Problem
from analytics.experiments.evidence import (
    Evidence,
    Faults,
    Look,
    Rows,
    allocation_of,
    quantiles_of,
    sums_of,
    uses_of,
)  # fmt: skip
from analytics.experiments.kernel import KERNEL_VERSION
from analytics.experiments.metrics import Metric, definition_hash, read_metric
from analytics.experiments.readout import Readout, is_win, latest, readouts
from analytics.experiments.replay import replay
from analytics.experiments.schedule import looks_of
from analytics.experiments.spec import Spec, prereg_hash, problems_of, read_spec


def plan_of(document: str, name: str) -> str:
    """A plan with every default filled in: what SQL needs of it, its hash, what is wrong in it.

    Args:
        document: The entry of the register as JSON text, as the lake holds it.
        name: Its name, which the lake keeps apart: in JSON it might be a person's.
    """
    said = _named(document, name)
    problems = [_told(problem) for problem in problems_of(said)]
    try:
        spec = read_spec(said)
    except DocumentError:
        return _text({"is_analysable": False, "problems": problems})
    return _text(_flat(spec) | {
        "is_analysable": True, "problems": problems, "prereg_hash": prereg_hash(spec),
        "looks": [str(day) for day in looks_of(spec)],
        "variations": [variation.model_dump() for variation in spec.variations],
        "metrics": [
            {"metric": use.metric, "role": role, "direction": getattr(use, "direction", None)}
            for role, listed in (
                ("primary", (spec.primary,)), ("guardrail", spec.guardrails),
                ("secondary", spec.secondary),
            )
            for use in listed
        ],
        "spec": spec.model_dump(mode="json"),
    })  # fmt: skip


def _flat(spec: Spec) -> dict[str, Any]:
    """What of a plan has a column of its own in the warehouse."""
    said, decision = spec.hypothesis, spec.decision
    parts = (said.because, said.we_believe, said.will_cause, said.for_users)
    return {
        "team": spec.team, "template": spec.template, "method": spec.analysis.method,
        "alpha": spec.analysis.alpha, "power": spec.analysis.power,
        "window_days": spec.analysis.window_days, "cuped_days": spec.analysis.cuped_days,
        "primary_metric_id": spec.primary.metric, "direction": spec.primary.direction,
        "mde_relative": spec.primary.mde_relative, "coverage": spec.coverage,
        "hypothesis": _hypothesis(spec), "is_hypothesis_whole": all(parts),
        "guardrail_count": len(spec.guardrails),
        "outcome": decision.outcome if decision else None,
        "decided_variation_id": decision.variation if decision else None,
        "decided_on": str(decision.decided_on) if decision else None,
        "decided_by": decision.decided_by if decision else None,
        "rationale": decision.rationale if decision else None,
        "learning": decision.learning if decision else None,
        "is_override": decision.override if decision else None,
    }  # fmt: skip


def _hypothesis(spec: Spec) -> str | None:
    """The hypothesis as one sentence."""
    said = spec.hypothesis
    if said.statement:
        return said.statement
    parts = (
        ("Because", said.because), ("we believe in", said.we_believe),
        ("which will cause", said.will_cause), ("for", said.for_users),
    )  # fmt: skip
    told = [f"{word} {text}" for word, text in parts if text]
    return ", ".join(told) or None


def metric_of(document: str, name: str) -> str:
    """A metric with every default filled in, its hash, what is wrong with it; as `plan_of`."""
    try:
        metric = read_metric(_named(document, name))
    except DocumentError as error:
        problems = [_told(problem) for problem in error.problems]
        return _text({"is_valid": False, "problems": problems})
    told = {"is_valid": True, "problems": [], "definition_hash": definition_hash(metric)}
    return _text(metric.model_dump(mode="json") | told | {"compared_quantile": metric.quantile})


def read(
    plan: str, facts: Mapping[str, Any], metrics: Rows, looks: Rows, sums: Rows, allocation: Rows,
    quantiles: Rows = (),
) -> str:  # fmt: skip
    """Readouts of one experiment.

    Args:
        plan: As `plan_of` gives it.
        facts: Fields of `Faults`, `is_preregistered`, `is_changed` and `unsound_metrics`.
        metrics: `definition` of each, as `metric_of` gives it.
        looks: `look_no`, `look_on`, `look_count` of each look that the data reach.
        sums: Rows of fct_experiment_sum without their buckets.
        allocation: Units by first day and arm.
        quantiles: Rows of fct_experiment_quantile.
    """
    evidence = _evidence(plan, facts, metrics, looks, sums, allocation, quantiles)
    found = readouts(evidence)
    now = latest(found)
    return _text({
        "kernel_version": KERNEL_VERSION,
        "looks": [_look(evidence, readout, is_latest=readout is now) for readout in found],
        "gates": [
            {"look_no": readout.look.number, **asdict(gate)}
            for readout in found for gate in readout.gates
        ],
        "comparisons": [
            {**asdict(row), "is_significant": row.is_significant, "is_good": row.is_good}
            for readout in found for row in readout.rows
        ],
    })  # fmt: skip


def replay_of(columns: Mapping[str, Any]) -> str:
    """The verdict on a metric whose units were split by chance (`replay.replay`)."""
    found = replay(columns)
    return _text({
        "split_count": found.splits, "false_positive_count": found.false_positives,
        "least": found.least, "most": found.most, "ks_p": found.ks_p, "verdict": found.verdict,
    })  # fmt: skip


def _evidence(
    plan: str, facts: Mapping[str, Any], metrics: Rows, looks: Rows, sums: Rows, allocation: Rows,
    quantiles: Rows,
) -> Evidence:  # fmt: skip
    planned = json.loads(plan)
    spec = Spec.model_validate(planned["spec"])
    known = [_metric(row["definition"]) for row in metrics]
    arms = sorted(planned["variations"], key=lambda one: (not one["is_control"], one["id"]))
    return Evidence(
        spec=spec,
        arms=tuple(one["id"] for one in arms),
        uses=uses_of(spec, {metric.metric_id: metric for metric in known}),
        looks=tuple(Look(row["look_no"], row["look_on"], row["look_count"]) for row in looks),
        sums=sums_of(sums),
        quantiles=quantiles_of(quantiles),
        allocation=allocation_of(allocation),
        faults=Faults(**{name: int(facts.get(name) or 0) for name in Faults.__dataclass_fields__}),
        is_preregistered=bool(facts.get("is_preregistered")),
        is_changed=bool(facts.get("is_changed")),
        unsound=frozenset((facts.get("unsound_metrics") or "").split(", ")) - {""},
    )


def _metric(definition: str) -> Metric:
    said = json.loads(definition)
    return Metric.model_validate({key: said[key] for key in Metric.model_fields if key in said})


def _look(evidence: Evidence, readout: Readout, *, is_latest: bool) -> dict[str, Any]:
    units, crossing = evidence.allocation.until(readout.look.on).by_arm(len(evidence.arms))
    primary = [r for r in readout.rows if r.role == "primary" and r.is_deciding]
    best = next((r for r in primary if r.arm_no == readout.arm_no), None) or next(
        iter(primary), None
    )
    return {
        "look_no": readout.look.number, "state": readout.state, "is_latest": is_latest,
        "recommendation": readout.recommendation,
        "arm": evidence.arms[readout.arm_no] if readout.arm_no > 0 else None,
        "reasons": list(readout.reasons), "reason_text": "; ".join(readout.reasons),
        "unit_count": int(units.sum()),
        "crossover_count": int(crossing.sum()), "primary_arm_no": best.arm_no if best else None,
        "is_win": any(is_win(evidence, row) for row in primary),
        "is_loss": any(row.is_significant and not row.is_good for row in primary),
        "is_breached": any(r.is_beyond_margin for r in readout.rows if r.role == "guardrail"),
        **_gate_values(readout),
    }  # fmt: skip


def _gate_values(readout: Readout) -> dict[str, Any]:
    by_name = {gate.gate: gate for gate in readout.gates}
    srm = by_name.get("sample_ratio")
    counts = {status: sum(g.status == status for g in readout.gates) for status in ("fail", "warn")}
    return {
        "srm_p": srm.value if srm else None,
        "failed_gate_count": counts["fail"],
        "warning_gate_count": counts["warn"],
    }


def _named(document: str, name: str) -> dict[str, Any]:
    said = json.loads(document)
    return {"name": name} | said if isinstance(said, dict) else {}


def _told(problem: Problem) -> dict[str, str]:
    return {"path": problem.path, "words": problem.words, "severity": problem.severity}


def _text(value: Any) -> str:
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity: what is not known is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value
