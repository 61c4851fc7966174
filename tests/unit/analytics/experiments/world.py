"""The fixture of 30,000 units as centred sums made by DuckDB, and what is known of it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import duckdb
import numpy as np

from analytics.experiments.moments import COLUMNS, Moments, from_columns, from_values

HERE = Path(__file__).parent
FIXTURE = HERE / "fixture_30k.parquet"
_EMPTY = {"d": "1", "x": "0", "w": "1"}


@cache
def expected() -> dict:
    """Truth of exact arithmetic, and what other libraries returned."""
    return json.loads((HERE / "expected.json").read_text())


def centred_sums(
    numer: str,
    denom: str | None = None,
    cov_numer: str | None = None,
    cov_denom: str | None = None,
    *,
    source: str = f"read_parquet('{FIXTURE}')",
    threads: int = 1,
    added: float = 0.0,
) -> dict[str, Moments]:
    """Sums of each arm, as the warehouse makes them: one shift for all arms, one pass.

    `added` is put on top of each numerator and its covariate before anything is computed.
    """
    given = {"y": numer, "d": denom, "x": cov_numer, "w": cov_denom}
    values = {v: f"({column or _EMPTY[v]})::double" for v, column in given.items()}
    for v in "yx":
        if given[v]:
            values[v] += f" + {added}"
    units = ", ".join(f"{sql} as {v}" for v, sql in values.items())
    shifts = ", ".join(
        f"{f'avg({v})::double' if given[v] else _EMPTY[v] + '::double'} as shift_{v}"
        for v in values
    )
    sums = ", ".join(
        f"sum(({c[2]} - shift_{c[2]}) * ({c[3]} - shift_{c[3]})) as {c}"
        if c.startswith("q_")
        else f"sum({c[2]} - shift_{c[2]}) as {c}"
        if c.startswith("s_")
        else f"any_value({c}) as {c}"
        for c in COLUMNS
        if c != "n"
    )
    with duckdb.connect(config={"threads": threads}) as db:
        rows = db.sql(
            f"with units as (select variant, {units} from {source}), "
            f"shifts as (select {shifts} from units) "
            f"select variant, count(*)::double as n, {sums} from units, shifts "
            "group by variant order by variant"
        ).fetchnumpy()
    moments = from_columns({name: np.asarray(rows[name]) for name in COLUMNS})
    return {str(arm): moments[at] for at, arm in enumerate(rows["variant"])}


def of(*arms: object, **shifts: float) -> list[Moments]:
    """Moments of arms' y, or of their (y, d, x, w), centred alike."""
    made = []
    for arm in arms:
        columns = arm if isinstance(arm, tuple) else (arm,)
        made.append(from_values(*columns, shifts={"y": 0.0, "d": 1.0, "x": 0.0, "w": 1.0} | shifts))
    return made


def drawn(seed: int, size: int = 400, lift: float = 0.3) -> list[tuple[np.ndarray, ...]]:
    """Two arms of users unlike each other, as (y, d, x, w)."""
    draw = np.random.default_rng(seed)
    arms = []
    for extra in (0.0, lift):
        kind = draw.gamma(3, 1, size)
        w, d = draw.poisson(kind) + 1.0, draw.poisson(kind + extra) + 1.0
        arms.append((d * draw.gamma(2, 2, size), d, w * draw.gamma(2, 2, size), w))
    return arms
