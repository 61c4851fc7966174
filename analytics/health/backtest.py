"""Weights fitted on an earlier time and judged on a later one, against the plain usage trend.

Belongs here: the split by time, which model is published, the figures that go with it. Does not
belong here: the arithmetic (`fit`, `measure`), what the components are (SQL).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analytics.health.fit import chances, fit
from analytics.health.measure import auc, auc_gain, brier, lead_days, median, stand_out

Array = NDArray[np.float64]
HORIZON_DAYS = 90
LEAST_FITTED_LOSSES = 20  # accounts lost in the fitted weeks, below which no weights are fitted
LEAST_HELD_OUT_LOSSES = 10  # the same in the weeks held out, below which nothing can be judged
_OVERLAP = 1 / 13  # a loss is seen from thirteen weeks: together they count as one observation
_PENALTY = 1 / 12  # as of a penalty of 1 on components of variance 1; ranks' variance is 1/12
_DIGITS = 6


@dataclass(frozen=True)
class Observations:
    """Accounts at the ends of weeks whose outcome is known, in one order.

    `day` is the number of the week's last day. `ranks` are the components' percentiles, the usage
    trend first; NaN where one is not known, which is taken as the middle.
    """

    account: NDArray[np.int64]
    day: NDArray[np.int64]
    lost_day: Array
    ranks: Array

    def of(self, rows: NDArray[np.bool_]) -> Observations:
        """Some of them."""
        return Observations(
            self.account[rows], self.day[rows], self.lost_day[rows], self.ranks[rows]
        )

    @property
    def lost(self) -> Array:
        """1 where a loss follows within the horizon."""
        return (~np.isnan(self.lost_day)).astype(np.float64)

    @property
    def x(self) -> Array:
        """Components around 0."""
        return np.nan_to_num(self.ranks - 0.5, nan=0.0)

    @property
    def lost_accounts(self) -> int:
        """Accounts that a loss follows for."""
        return len(np.unique(self.account[self.lost == 1]))


@dataclass(frozen=True)
class Judged:
    """How one model did on the weeks that were held out."""

    auc: float
    auc_low: float
    auc_high: float
    brier: float
    expected_lost: float
    top_lost: int
    warned: int
    lead_days: float | None


@dataclass(frozen=True)
class Backtest:
    """What is published, and the grounds for it. `weights` begin with the intercept."""

    status: str
    weights: tuple[float, ...] | None
    fitted_rows: int = 0
    fitted_lost_accounts: int = 0
    held_out_rows: int = 0
    held_out_lost_rows: int = 0
    held_out_lost_accounts: int = 0
    held_out_from_day: int | None = None
    losses: int = 0
    top_rows: int = 0
    model: Judged | None = None
    baseline: Judged | None = None
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None

    def as_dict(self) -> dict[str, object]:
        """Plain values under plain names."""
        whole = asdict(self)
        for name in ("model", "baseline"):
            judged = whole.pop(name) or {}
            whole |= {f"{name}_{key}": value for key, value in judged.items()}
        weights = whole.pop("weights") or ()
        return whole | {f"weight_{n}": value for n, value in enumerate(weights)}


def backtest(seen: Observations) -> Backtest:
    """Fits on the first weeks, judges on the last third, and says which model is published.

    Between the two lies the horizon, so that no outcome that was fitted lies in the weeks that are
    judged. All components are published only if they rank better than the usage trend alone beyond
    chance, and are no further off.
    """
    days = np.unique(seen.day)
    if not len(days):
        return Backtest("no_outcomes", None)
    split = int(days[-(len(days) // 3 or 1)])
    early = seen.of(seen.day + HORIZON_DAYS < split - 6)
    late = seen.of(seen.day >= split)
    counted = Backtest(
        "too_few_losses", None, len(early.day), early.lost_accounts, len(late.day),
        int(late.lost.sum()), late.lost_accounts, split,
    )  # fmt: skip
    if not _enough(early, late):
        return counted
    every = _rounded(fit(early.x, early.lost, _OVERLAP, _PENALTY))
    trend = _usage_trend_alone(early, len(every))
    a, b = chances(every, late.x), chances(trend, late.x)
    gain = auc_gain(a, b, late.lost, late.account)
    model, baseline = _judge(a, late), _judge(b, late)
    is_better = gain.low > 0 and model.brier <= baseline.brier
    lost = late.lost == 1
    return replace(
        counted,
        status="all_components" if is_better else "usage_trend",
        weights=tuple(float(w) for w in (every if is_better else trend)),
        losses=len(set(zip(late.account[lost], late.lost_day[lost], strict=True))),
        top_rows=int(stand_out(a, late.day, late.account).sum()),
        model=model,
        baseline=baseline,
        gain=_short(gain.value),
        gain_low=_short(gain.low),
        gain_high=_short(gain.high),
    )


def _enough(early: Observations, late: Observations) -> bool:
    """Whether there are losses enough on both sides of the split, and somebody who stayed."""
    return (
        early.lost_accounts >= LEAST_FITTED_LOSSES
        and late.lost_accounts >= LEAST_HELD_OUT_LOSSES
        and early.lost.min() == 0
        and late.lost.min() == 0
    )


def _usage_trend_alone(early: Observations, size: int) -> Array:
    """The plain model: who falls is in danger.

    Where it looks the other way round, nobody is more in danger than others: rising use as a
    warning would be chance.
    """
    found = np.zeros(size)
    found[:2] = fit(early.x[:, :1], early.lost, _OVERLAP, _PENALTY)
    if found[1] > 0:
        share = early.lost.mean()
        found[:2] = np.log(share / (1 - share)), 0
    return _rounded(found)


def _judge(chance: Array, late: Observations) -> Judged:
    ranked = auc(chance, late.lost, late.account)
    flags = stand_out(chance, late.day, late.account)
    leads = lead_days(flags, late.account, late.day, late.lost_day)
    return Judged(
        _short(ranked.value), _short(ranked.low), _short(ranked.high),
        _short(brier(chance, late.lost)), _short(float(chance.sum())),
        int((flags * late.lost).sum()), len(leads), median(leads),
    )  # fmt: skip


def _short(value: float) -> float:
    """What differs between machines in the last digits is not told."""
    return round(value, _DIGITS)


def _rounded(weights: Array) -> Array:
    """Weights as they are published, so that what is judged is what is used."""
    return np.round(weights, _DIGITS)
