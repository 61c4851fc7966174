"""A metric as data: what is wrong is told with its place, and what it counts has a fingerprint."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analytics.experiments.documents import DocumentError
from analytics.experiments.metrics import definition_hash, metric_file_problems, read_metric
from tests.unit.analytics.experiments.plans import GONE, METRIC, spoilt

RATIO = {
    "metric_id": "events_per_day", "name": "Events per day", "kind": "ratio",
    "numerator": "value_events", "denominator": "active_days", "direction": "increase",
    "cap_quantile": "0.99",
}  # fmt: skip
QUANTILE = {
    "metric_id": "session_p90", "name": "Long sessions", "kind": "quantile",
    "numerator": "session_seconds", "quantile": "0.9", "direction": "increase",
}  # fmt: skip


@pytest.mark.parametrize("document", [METRIC, RATIO, QUANTILE])
def test_metrics_are_read_alike_from_values_texts_and_json(document: dict[str, Any]) -> None:
    texts = {key: "null" if value is None else str(value) for key, value in document.items()}
    metric = read_metric(document)
    assert metric_file_problems(document) == ()
    assert metric == read_metric(texts) == read_metric(json.dumps({"metric": texts}))
    assert definition_hash(metric) == definition_hash(read_metric(texts))


@pytest.mark.parametrize(
    "measure",
    ["active_days", "value_events", "features", "sessions", "session_seconds", "tickets",
     "feature:export", "feature_days:export"],
)  # fmt: skip
def test_all_measures_are_known(measure: str) -> None:
    assert read_metric({**METRIC, "numerator": measure}).numerator == measure


MISTAKES: list[tuple[dict[str, Any], str, Any, str, str]] = [
    (METRIC, "direction", GONE, "direction", "give the good direction"),
    (METRIC, "kind", "count", "kind", "'count' is none of 'mean', 'proportion'"),
    (METRIC, "numerator", "active_day", "numerator", "did you mean active_days?"),
    (METRIC, "numerator", "feature:", "numerator", "feature: is no measure"),
    (METRIC, "denominator", "sessions", "denominator", "goes with kind: ratio, not proportion"),
    (METRIC, "from_day", "-1", "from_day", "at least 0"),
    (METRIC, "from_day", "x", "from_day", "'x' is no whole number"),
    (METRIC, "to_day", "6", "to_day", "6 lies before from_day, 7"),
    (METRIC, "cap_quantile", "0.99", "cap_quantile", "goes with kind: mean or ratio"),
    (METRIC, "quantile", "0.9", "quantile", "goes with kind: quantile, not proportion"),
    (METRIC, "colour", "red", "colour", "is not known"),
    (RATIO, "denominator", GONE, "denominator", "a ratio is one measure by another"),
    (RATIO, "denominator", "value_events", "denominator", "it is always 1"),
    (RATIO, "denominator", "clicks", "denominator", "clicks is no measure"),
    (RATIO, "cap_quantile", "99", "cap_quantile", "must be below 1"),
    (QUANTILE, "quantile", GONE, "quantile", "say which one, such as 0.9"),
    (QUANTILE, "quantile", "90", "quantile", "is 90, it must be below 1"),
    (QUANTILE, "numerator", "tickets", "numerator", "a quantile is of session_seconds"),
]


@pytest.mark.parametrize(("document", "word", "to", "path", "words"), MISTAKES)
def test_a_mistake_is_told_with_its_place_and_what_to_do(
    document: dict[str, Any], word: str, to: Any, path: str, words: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        read_metric(spoilt(document, word, to=to))
    said = [str(problem) for problem in caught.value.problems]
    assert any(s.startswith(f"metric.{path}: ") and words in s for s in said), said
    assert all(problem.severity == "error" for problem in caught.value.problems)


def test_what_is_no_metric_at_all_is_told_without_a_crash() -> None:
    for document in (
        "{", "3", {"metric": []},
        {"kind": [], "numerator": {}, "to_day": [1], "cap_quantile": {}},
        {"kind": "quantile", "numerator": {}, "quantile": [], "from_day": {}},
        {"kind": "ratio", "numerator": [], "denominator": []},
    ):  # fmt: skip
        assert metric_file_problems(document)
    (stray,) = metric_file_problems({"kind": "metric", "metric": METRIC, "owner": "me"})
    assert str(stray) == "owner: stands beside `metric:`; indent it to stand below"


@pytest.mark.parametrize(
    ("word", "to", "is_other"),
    [
        ("name", "Returned", False), ("owner", "me", False), ("unit", "persons", False),
        ("description", "Why.", False), ("from_day", 6, True), ("to_day", 12, True),
        ("numerator", "sessions", True), ("kind", "mean", True), ("direction", "decrease", True),
        ("metric_id", "other", True),
    ],
)  # fmt: skip
def test_the_fingerprint_follows_what_is_counted(word: str, to: Any, is_other: bool) -> None:
    other = definition_hash(read_metric({**METRIC, word: to}))
    assert (other != definition_hash(read_metric(METRIC))) is is_other
