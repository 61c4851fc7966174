"""When an experiment is read, and what each of its looks may find.

Belongs here: what follows from the plan's days alone. Does not belong here: bounds as such
(`sequential`), which looks the data reach (`evidence`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from analytics.experiments.sequential import LEAST_STEP, looks
from analytics.experiments.spec import Spec


def looks_of(spec: Spec) -> tuple[date, ...]:
    """Days on which it is read: those of the plan, else the one on which the last unit is ripe."""
    return spec.analysis.looks or (spec.mature_on,)


def ripe_share(spec: Spec, day: date) -> float:
    """Share of the planned units that a look on that day has: days whose units are ripe.

    Said before the start, so that nobody can choose it by the result.
    """
    ripe = day - timedelta(days=spec.analysis.window_days - 1)
    days = (ripe - spec.starts_on).days + 1
    return min(max(days, 0) / spec.run_days, 1.0)


def look_alphas(spec: Spec, days: Sequence[date], *, is_ended: bool) -> dict[int, float]:
    """Below which p each look finds something, by its place among `days`.

    A look at which no more units are ripe than at the one before spends nothing, and is left out.

    Args:
        spec: The plan of a group sequential test.
        days: Of the planned looks so far, in their order.
        is_ended: Whether the last of them ends the test, and so has all units.
    """
    kept: dict[int, float] = {}
    for place, day in enumerate(days):
        is_end = is_ended and place == len(days) - 1
        share = 1.0 if is_end else ripe_share(spec, day)
        if share - max(kept.values(), default=0.0) >= LEAST_STEP:
            kept[place] = share
    if not kept:
        return {}
    is_last = is_ended and len(days) - 1 in kept
    bounds = looks(tuple(kept.values()), alpha=spec.analysis.alpha, is_last=is_last)
    return dict(zip(kept, bounds.nominal, strict=True))
