"""What was promised has one fingerprint, however it is written, and each change of it another."""

from __future__ import annotations

import hashlib
import json
import random
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.experiments.documents import DocumentError
from analytics.experiments.spec import Spec, prereg_hash, read_spec
from tests.unit.analytics.experiments.plans import GONE, PLAN, spoilt

TEXTS: dict[str, Any] = yaml.load(PLAN, Loader=yaml.BaseLoader)["experiment"]
VALUES: dict[str, Any] = yaml.safe_load(PLAN)["experiment"]


def fingerprint(document: Any) -> str:
    return prereg_hash(read_spec(document))


def test_the_fingerprint_is_the_sha256_of_what_was_promised() -> None:
    promised = {
        "experiment_id": "exp_checklist", "template": "ab_standard", "feature_id": "onboarding",
        "unit": "person", "starts_on": "2026-05-04", "ends_on": "2026-06-14",
        "targeting": "New people of paying accounts", "coverage": 1.0,
        "hypothesis": {**VALUES["hypothesis"], "statement": None},
        "variations": [
            {"id": "control", "name": "No checklist", "weight": 0.5, "is_control": True},
            {"id": "treatment", "name": "Checklist", "weight": 0.5, "is_control": False},
        ],
        "primary": VALUES["primary"], "guardrails": VALUES["guardrails"],
        "secondary": [
            {"metric": "features_used", "direction": None},
            {"metric": "sessions", "direction": "increase"},
        ],
        "analysis": {**VALUES["analysis"], "looks": ["2026-05-25", "2026-06-28"]},
    }  # fmt: skip
    text = json.dumps(promised, sort_keys=True, separators=(",", ":"))
    assert fingerprint(TEXTS) == hashlib.sha256(text.encode()).hexdigest()


CHANGES: list[tuple[tuple[str | int, ...], Any]] = [
    (("experiment_id",), "exp_other"), (("template",), "ratio_metric"),
    (("hypothesis", "because"), "another reason"), (("hypothesis", "we_believe"), "a tour"),
    (("hypothesis", "will_cause"), "fewer tickets"), (("hypothesis", "for_users"), "everybody"),
    (("hypothesis",), "in one text"), (("feature_id",), "export"), (("unit",), "account"),
    (("starts_on",), "2026-05-03"), (("ends_on",), "2026-06-13"), (("targeting",), "Everybody"),
    (("coverage",), "0.5"), (("variations", 1, "id"), "treatment_2"),
    (("variations", 1, "name"), "A longer checklist"), (("primary", "metric"), "active_days"),
    (("primary", "direction"), "decrease"), (("primary", "mde_relative"), "0.11"),
    (("primary", "baseline"), "0.32"), (("primary", "baseline"), GONE),
    (("guardrails", 0, "metric"), "errors"), (("guardrails", 0, "bad_direction"), "decrease"),
    (("guardrails", 0, "margin_relative"), "0.2"), (("secondary", 0), GONE),
    (("secondary", 1, "direction"), "decrease"), (("analysis", "alpha"), "0.1"),
    (("analysis", "power"), "0.9"), (("analysis", "looks", 0), "2026-05-26"),
    (("analysis", "looks", 1), "2026-06-29"), (("analysis", "cuped_days"), "0"),
    (("analysis", "window_days"), "13"), (("analysis", "min_runtime_days"), "7"),
    (("analysis", "multiplicity"), "none"),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "to"), CHANGES)
def test_a_change_of_what_was_promised_changes_the_fingerprint(
    steps: tuple[str | int, ...], to: Any
) -> None:
    document = TEXTS
    if steps == ("variations", 1, "id"):
        document = spoilt(document, "decision", "variation", to=to)
    assert fingerprint(spoilt(document, *steps, to=to)) != fingerprint(TEXTS)


def test_changes_of_weights_control_and_method_change_the_fingerprint() -> None:
    uneven = spoilt(spoilt(TEXTS, "variations", 0, "weight", to="0.4"), "variations", 1, "weight",
                    to="0.6")  # fmt: skip
    stopped = spoilt(spoilt(TEXTS, "decision", "outcome", to="stop"), "decision", "variation")
    swapped = spoilt(spoilt(stopped, "variations", 0, "is_control"), "variations", 1, "is_control",
                     to="true")  # fmt: skip
    fixed = spoilt(spoilt(TEXTS, "analysis", "looks"), "analysis", "method", to="fixed_horizon")
    always = spoilt(fixed, "analysis", "method", to="always_valid")
    prints = [fingerprint(d) for d in (TEXTS, uneven, swapped, fixed, always)]
    assert len(set(prints)) == 5


def test_every_field_of_a_plan_is_in_the_fingerprint_or_left_out_for_a_reason() -> None:
    left_out = {"name", "owner", "team", "tags", "status", "decision", "primary_metric"}
    tested = {steps[0] for steps, _ in CHANGES} | {"variations"}
    assert tested | left_out == set(Spec.model_fields)


@pytest.mark.parametrize(
    ("steps", "to"),
    [
        (("name",), "Another name"), (("owner",), "pm-growth"), (("team",), "growth"),
        (("tags",), ["a", "b"]), (("decision", "rationale"), "Because."),
        (("decision", "override"), "true"), (("primary_metric",), "week_2_return"),
    ],
)  # fmt: skip
def test_what_promises_nothing_leaves_the_fingerprint_as_it_is(
    steps: tuple[str, ...], to: Any
) -> None:
    assert fingerprint(spoilt(TEXTS, *steps, to=to)) == fingerprint(TEXTS)
    running = spoilt(spoilt(TEXTS, "decision"), "status", to="running")
    assert fingerprint(running) == fingerprint(TEXTS)


def test_defaults_that_are_written_down_leave_the_fingerprint_as_it_is() -> None:
    document = TEXTS
    for word in ("method", "looks", "alpha", "power", "cuped_days", "window_days"):
        document = spoilt(document, "analysis", word)
    written = spoilt(document, "analysis", to={
        "method": "fixed_horizon", "alpha": 0.05, "power": "0.80", "cuped_days": 14.0,
        "window_days": "14", "min_runtime_days": 14, "multiplicity": "holm", "looks": [],
    })  # fmt: skip
    assert fingerprint(spoilt(document, "analysis")) == fingerprint(written)
    for word in ("template", "unit", "coverage"):
        document = spoilt(document, word)
    assert fingerprint(document) == fingerprint(written)


def rewritten(value: Any, chance: random.Random) -> Any:
    """The same said otherwise: order of words, numbers as text, lines broken elsewhere."""
    if isinstance(value, dict):
        pairs = list(value.items())
        chance.shuffle(pairs)
        return {key: rewritten(part, chance) for key, part in pairs}
    if isinstance(value, list):
        parts = [rewritten(part, chance) for part in value]
        if all(isinstance(part, dict) for part in value):
            chance.shuffle(parts)
        return parts
    if isinstance(value, bool):
        return chance.choice([value, str(value).lower()])
    if isinstance(value, (int, float)):
        return chance.choice([value, str(value), f"{value:.6f}", float(value)])
    if isinstance(value, date):
        return chance.choice([value, value.isoformat()])
    return value.replace(" ", chance.choice([" ", "\n  "]))


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_how_a_plan_is_written_never_changes_its_fingerprint(chance: random.Random) -> None:
    assert fingerprint(rewritten(VALUES, chance)) == fingerprint(VALUES)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.001, 1), st.integers(1, 14), st.integers(0, 365), st.dates(date(2026, 5, 18)),
)  # fmt: skip
def test_a_plan_written_out_and_read_again_has_the_same_fingerprint(
    mde: float, window: int, cuped: int, look: date
) -> None:
    analysis = {"method": "fixed_horizon", "window_days": window, "cuped_days": cuped}
    document = spoilt(spoilt(VALUES, "analysis", to=analysis), "primary", "mde_relative", to=mde)
    document = spoilt(document, "decision", "decided_on", to=look)
    spec = read_spec(document)
    again = read_spec(yaml.load(yaml.safe_dump(document), Loader=yaml.BaseLoader))
    assert (again, prereg_hash(again)) == (spec, prereg_hash(spec))
    assert read_spec(spec.model_dump_json()) == spec


def test_what_is_wrong_has_no_fingerprint() -> None:
    with pytest.raises(DocumentError, match="no finite number"):
        fingerprint(spoilt(TEXTS, "primary", "baseline", to="nan"))
