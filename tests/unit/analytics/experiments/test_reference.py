"""Every comparison of the fixture against exact arithmetic and against other libraries.

Sums are made by DuckDB, as in the warehouse; the truth was made with rational moments and fifty
digits.
"""

from __future__ import annotations

import numpy as np
import pytest

from analytics.experiments.kernel import Comparison, compare
from tests.unit.analytics.experiments.world import FIXTURE, centred_sums, expected

CASES = sorted(expected()["cases"])
CLOSE = 1e-9
# How the truth calls what a comparison has.
NAMES = {
    "n_c": "n_control",
    "n_t": "n_treatment",
    "mean_c": "mean_control",
    "mean_t": "mean_treatment",
    "var_c": "variance_control",
    "var_t": "variance_treatment",
    "theta": "theta",
    "diff": "difference",
    "se": "se",
    "df": "df",
    "t": "t",
    "p": "p",
    "ci_lo": "ci_low",
    "ci_hi": "ci_high",
    "rel": "relative",
    "rel_log_lo": "relative_low",
    "rel_log_hi": "relative_high",
}
MEANS = [case for case in CASES if expected()["cases"][case]["truth"]["denom"] is None]
MOVED_ALONG = ("n_c", "n_t", "theta", "df", "t", "p")
NOT_MOVED = (*MOVED_ALONG, "var_c", "var_t", "diff", "se", "ci_lo", "ci_hi")


def compared(truth: dict, threads: int, added: float = 0.0) -> Comparison:
    columns = (truth[key] for key in ("numer", "denom", "cov_numer", "cov_denom"))
    arms = centred_sums(*columns, threads=threads, added=added)
    control, treatment = arms[truth["control"]], arms[truth["treatment"]]
    return compare(control, treatment, cuped=truth["cov_numer"] is not None)


def tolerance(name: str, truth: dict) -> float:
    """A billionth of the figure; of a difference, which may lie near 0, of its standard error."""
    of_difference = {"diff": truth["se"], "ci_lo": truth["se"], "ci_hi": truth["se"], "t": 1.0}
    relative_se = truth["se"] / abs(truth["mean_c"])
    of_difference |= dict.fromkeys(("rel", "rel_log_lo", "rel_log_hi"), relative_se)
    return CLOSE * max(abs(truth[name]), of_difference.get(name, 0.0))


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("case", CASES)
def test_a_comparison_is_the_truth_to_nine_digits(case: str, threads: int) -> None:
    truth = expected()["cases"][case]["truth"]
    found = compared(truth, threads)
    for name, ours in NAMES.items():
        value = float(getattr(found, ours))
        assert abs(value - truth[name]) <= tolerance(name, truth), (name, value, truth[name])
    assert str(found.reason) == str(found.relative_reason) == ""


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("case", MEANS)
def test_1_7_billion_on_top_of_every_value_changes_no_difference(case: str, threads: int) -> None:
    truth = dict(expected()["cases"][case]["truth"])
    names = NOT_MOVED
    if truth["numer"] == "revenue":
        # 1.7 billion and some cents are rounded before we see them: money is counted in cents.
        truth["numer"] = "round(revenue * 100)"
        truth["cov_numer"] = truth["cov_numer"] and "round(revenue_pre * 100)"
        names = MOVED_ALONG
    found = compared(truth, threads, added=1.7e9)
    for name in names:
        value = float(getattr(found, NAMES[name]))
        assert abs(value - truth[name]) <= tolerance(name, truth), (name, value, truth[name])


@pytest.mark.parametrize("case", CASES)
def test_other_libraries_found_the_same(case: str) -> None:
    whole = expected()["cases"][case]
    found = compared(whole["truth"], 1)
    for library, values in whole["libs"].items():
        if "ddof=0" in library:  # which is why it is left out: see test_kernel
            continue
        for name in NAMES.keys() & values.keys():
            value = float(getattr(found, NAMES[name]))
            assert abs(value - values[name]) <= 10 * tolerance(name, whole["truth"]), (
                library,
                name,
            )


@pytest.mark.parametrize("case", CASES)
def test_tea_tasting_finds_the_same_today(case: str) -> None:
    import pyarrow.parquet as pq
    import tea_tasting as tt

    truth = expected()["cases"][case]["truth"]
    found = compared(truth, 1)
    numer, denom = truth["numer"], truth["denom"]
    metric = (
        tt.RatioOfMeans(numer, denom, truth["cov_numer"], truth["cov_denom"])
        if denom
        else tt.Mean(numer, truth["cov_numer"])
    )
    table = pq.read_table(FIXTURE)
    keep = np.isin(table["variant"].to_numpy(), [truth["control"], truth["treatment"]])
    result = tt.Experiment({"m": metric}).analyze(table.filter(keep), control=truth["control"])["m"]
    theirs = {
        "diff": result.effect_size,
        "ci_lo": result.effect_size_ci_lower,
        "ci_hi": result.effect_size_ci_upper,
        "p": result.pvalue,
        "t": result.statistic,
        "rel": result.rel_effect_size,
        "rel_log_lo": result.rel_effect_size_ci_lower,
        "rel_log_hi": result.rel_effect_size_ci_upper,
    }
    for name, value in theirs.items():
        assert abs(value - float(getattr(found, NAMES[name]))) <= 2 * tolerance(name, truth), name


def test_all_arms_are_compared_in_one_call() -> None:
    arms = centred_sums("sessions", None, "sessions_pre")
    from analytics.experiments.moments import COLUMNS, from_columns

    treatments = from_columns(
        {
            name: np.array([float(getattr(arms[a], name)) for a in ("treatment_a", "treatment_b")])
            for name in COLUMNS
        }
    )
    both = compare(arms["control"], treatments, cuped=True)
    for at, arm in enumerate("ab"):
        truth = expected()["cases"][f"fx_sessions_cuped_treatment_{arm}"]["truth"]
        assert both.p[at] == pytest.approx(truth["p"], rel=CLOSE)
        assert both.n_control[at] == truth["n_c"]


def test_four_threads_add_up_differently_and_it_does_not_matter() -> None:
    # Bits of parallel sums differ from run to run: figures are compared to nine digits, not bits.
    one = centred_sums("revenue", threads=1)["control"]
    four = centred_sums("revenue", threads=4)["control"]
    assert float(four.q_yy) == pytest.approx(float(one.q_yy), rel=1e-12)
