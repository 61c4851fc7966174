"""What a programme of experiments does, by team and quarter: how often, how well, to what end.

Which experiments count. Only concluded ones are here at all, in the quarter in which they were
concluded. An experiment is *valid* if its readout may be read: VALID, and CAUTION too, which is
told beside it (`caution`). INVALID and TOO_EARLY ones count as concluded, and in nothing that is
said of valid ones. What is not known (NaN) is in no share, neither above nor below the line.

    share                    of                       counts
    valid                    concluded                state VALID or CAUTION
    caution                  valid                    state CAUTION
    srm                      concluded                p of the split below .001; exact interval
    preregistered            concluded                plan older than the first exposure, unchanged
    stopped_early            concluded, fixed horizon decided before its end
    learning                 concluded                decided, valid, and as powerful as planned
    override                 decided                  decided against the recommendation
    win                      valid                    primary significant the right way, adjusted
    loss                     valid                    primary significant the wrong way, adjusted
    ship                     valid                    shipped
    guardrail_breach         valid                    a guardrail entirely beyond its margin
    shipped_despite_breach   valid, breached          shipped
    ship_without_evidence    valid, shipped           no win
    ship_unreadable          shipped                  not valid

Belongs here: shares, durations, groups. Does not belong here: sums of effects (`impact`), intervals
(`rates`), how one experiment is judged (`readout`, `quality`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from analytics.experiments.crossvalidation import Worth
from analytics.experiments.impact import Impact, Learnt, Measured, learn
from analytics.experiments.quality import SRM_P, as_check
from analytics.experiments.rates import Rate, Risk, clopper_pearson, false_positive_risk, wilson

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Text = NDArray[np.str_]
Dates = NDArray[np.datetime64]
Group = tuple[str | None, np.datetime64 | None, Flags]
STATES = ("VALID", "CAUTION", "INVALID", "TOO_EARLY")


@dataclass(frozen=True)
class Concluded:
    """Concluded experiments, one per row, each with its primary metric.

    Dates are days, NaT where there is none; what begins with `is_` is 1, 0 or NaN where not known
    or of no concern (`is_stopped_early` of a sequential test). `effect` and `se` are relative;
    `direction` is 1 where more is better, -1 where less is. `p_adjusted` is two-sided and held
    against `alpha`. `is_win` is what the plan calls a win, after adjustment and at the sequential
    bound; of a non-inferiority test, that it is shown. Powers are at the pre-registered effect:
    as planned, and with the standard error that was reached.
    """

    experiment_id: Text
    team: Text
    concluded_on: Dates
    metric: Text
    state: Text
    effect: Array
    se: Array
    direction: Array
    p_adjusted: Array
    alpha: Array
    is_win: Array
    is_shipped: Array
    is_override: Array
    is_breached: Array
    is_preregistered: Array
    is_stopped_early: Array
    srm_p: Array
    planned_se: Array
    planned_power: Array
    power_at_mde: Array
    planned_days: Array
    actual_days: Array
    last_exposure_on: Dates
    decided_on: Dates
    coverage: Array
    quality_score: Array

    def __post_init__(self) -> None:
        sizes = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(sizes.values())) > 1:
            raise ValueError(f"columns of unequal length: {sizes}")
        if len(np.unique(self.experiment_id)) < len(self.experiment_id):
            raise ValueError("an experiment is there twice; give one row each")
        if not np.isin(self.state, STATES).all():
            raise ValueError(f"states other than {', '.join(STATES)}: {np.unique(self.state)}")
        if np.isnat(self.concluded_on).any():
            raise ValueError("an experiment without the day on which it was concluded")
        for name in (field.name for field in fields(self) if field.name.startswith("is_")):
            _within(name, getattr(self, name), (0.0, 1.0), exactly=True)
        _within("direction", self.direction, (-1.0, 1.0), exactly=True)
        for name in ("p_adjusted", "alpha", "srm_p", "planned_power", "power_at_mde", "coverage"):
            _within(name, getattr(self, name), (0.0, 1.0))
        for name in ("planned_days", "actual_days", "planned_se", "se"):
            _within(name, getattr(self, name), (0.0, np.inf))

    @property
    def is_valid(self) -> Flags:
        """The readout may be read."""
        return np.isin(self.state, ("VALID", "CAUTION"))

    @property
    def quarter_on(self) -> Dates:
        """First day of the quarter of the conclusion."""
        month = self.concluded_on.astype("datetime64[M]")
        return (month - month.astype(np.int64) % 3).astype("datetime64[D]")

    @property
    def measured(self) -> Measured:
        """What sums of effects are made of."""
        return Measured(self.metric, self.effect, self.se, self.is_valid,
                        self.is_shipped == 1, self.coverage)  # fmt: skip


@dataclass(frozen=True)
class Summary:
    """One group: a team or all (None), a quarter or all time (None).

    `figures` are medians and 90th percentiles of what is known, and means of powers and quality.
    """

    team: str | None
    quarter_on: np.datetime64 | None
    concluded_count: int
    rates: dict[str, Rate]
    false_positive_risk: Risk
    figures: dict[str, float]
    impacts: tuple[Impact, ...]


@dataclass(frozen=True)
class Portfolio:
    """All groups, and the shrunken value of each experiment."""

    summaries: tuple[Summary, ...]
    learnt: Learnt


def portfolio(concluded: Concluded, worth: Worth | None = None) -> Portfolio:
    """Groups: everything, each quarter, each team, each team's quarter.

    Args:
        concluded: In any order.
        worth: Cross-validated worth of each experiment's primary metric, in the same order.
    """
    learnt = learn(concluded.measured, worth)
    tallies, figures = _tallies(concluded), _figures(concluded)
    summaries = (_summary(*group, tallies, figures, learnt) for group in _groups(concluded))
    return Portfolio(tuple(summaries), learnt)


def _groups(e: Concluded) -> Iterator[Group]:
    for team in (None, *map(str, np.unique(e.team))):
        members = np.ones(len(e.team), bool) if team is None else e.team == team
        yield team, None, members
        for quarter in np.unique(e.quarter_on[members]):
            yield team, quarter, members & (e.quarter_on == quarter)


def _summary(
    team: str | None, quarter: np.datetime64 | None, rows: Flags,
    tallies: dict[str, tuple[Flags, Flags]], figures: dict[str, Array], learnt: Learnt,
) -> Summary:  # fmt: skip
    rates = {
        name: (clopper_pearson if name == "srm" else wilson)(
            int((part & rows).sum()), int((whole & rows).sum())
        )
        for name, (part, whole) in tallies.items()
    }
    told = _told(figures, rows)
    risk = false_positive_risk(rates["win"], told["alpha_mean"], told["planned_power_mean"])
    metrics = np.unique(learnt.measured.metric[rows])
    impacts = tuple(learnt.impact(str(metric), rows) for metric in metrics)
    return Summary(team, quarter, int(rows.sum()), rates, risk, told, impacts)


def _tallies(e: Concluded) -> dict[str, tuple[Flags, Flags]]:
    """Per share, which rows count above and which below the line (the table above)."""
    every, valid, shipped = np.ones(len(e.team), bool), e.is_valid, e.is_shipped == 1
    decided, breached = ~np.isnat(e.decided_on), e.is_breached == 1
    is_powerful = as_check(e.power_at_mde >= e.planned_power, e.power_at_mde, e.planned_power)
    is_loss = as_check(
        (e.p_adjusted < e.alpha) & (e.effect * e.direction < 0), e.p_adjusted, e.alpha, e.effect
    )

    def share(flag: Array | Flags, whole: Flags) -> tuple[Flags, Flags]:
        return whole & (flag == 1), whole & ~np.isnan(flag)

    return {
        "valid": share(valid, every),
        "caution": share(e.state == "CAUTION", valid),
        "srm": share(as_check(e.srm_p < SRM_P, e.srm_p), every),
        "preregistered": share(e.is_preregistered, every),
        "stopped_early": share(e.is_stopped_early, every),
        "learning": share(np.where(decided & valid, is_powerful, 0.0), every),
        "override": share(e.is_override, decided),
        "win": share(e.is_win, valid),
        "loss": share(is_loss, valid),
        "ship": share(e.is_shipped, valid),
        "guardrail_breach": share(e.is_breached, valid),
        "shipped_despite_breach": share(e.is_shipped, valid & breached),
        "ship_without_evidence": share(1 - e.is_win, valid & shipped),
        "ship_unreadable": share(~valid, shipped),
    }


def _figures(e: Concluded) -> dict[str, Array]:
    """What is told of by its middle; precision and power of valid ones, the rest of all."""
    nan = np.full(len(e.team), np.nan)
    wait = (e.decided_on - e.last_exposure_on) / np.timedelta64(1, "D")
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = (e.planned_se / e.se) ** 2
        overrun = e.actual_days / e.planned_days
    return {
        "alpha_mean": np.where(e.is_valid & ~np.isnan(e.is_win), e.alpha, nan),
        "planned_power_mean": np.where(e.is_valid & ~np.isnan(e.is_win), e.planned_power, nan),
        "power_at_mde_mean": np.where(e.is_valid, e.power_at_mde, nan),
        "quality_score_mean": e.quality_score,
        "precision_ratio": np.where(e.is_valid & np.isfinite(precision), precision, nan),
        "planned_days": e.planned_days,
        "actual_days": e.actual_days,
        "actual_to_planned_days": np.where(np.isfinite(overrun), overrun, nan),
        "days_to_decision": wait,
    }


def _told(figures: dict[str, Array], rows: Flags) -> dict[str, float]:
    """Means where the name says so; else median and 90th percentile."""
    told = {}
    for name, values in figures.items():
        known = values[rows & ~np.isnan(values)]
        if name.endswith("_mean"):
            told[name] = float(known.mean()) if len(known) else float("nan")
        else:
            ends = np.quantile(known, [0.5, 0.9]) if len(known) else (np.nan, np.nan)
            told[f"{name}_median"], told[f"{name}_p90"] = (float(end) for end in ends)
    return told


def _within(name: str, values: Array, ends: tuple[float, float], *, exactly: bool = False) -> None:
    known = values[~np.isnan(values)]
    low, high = ends
    if exactly and not np.isin(known, ends).all():
        raise ValueError(f"{name} is {low:g}, {high:g} or NaN")
    if ((known < low) | (known > high)).any():
        raise ValueError(f"{name} outside {low:g} to {high:g}")
