"""Sums of experiments, against numpy over the values of single units.

The models go through all units once for many metrics and add those who did nothing by arithmetic.
Here every unit stands in a row of its own (fct_unit_value) and is added up once for each basis.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import duckdb
import numpy as np
import pytest

from . import experiment_world
from .conftest import NO_CHECKS
from .experiment_world import Row, experiment, exposure, metric
from .fixture_lake import FixtureLake, Warehouse

# Beside the metrics of the world: caps that cut at both ends, other windows, measures of features
# above and below the line.
MORE: dict[str, Row] = {
    "seconds": {"kind": "mean", "numerator": "session_seconds", "cap_quantile": "0.9"},
    "capped_ratio": {"kind": "ratio", "numerator": "value_events", "denominator": "active_days",
                     "cap_quantile": "0.8"},
    "capped_exports": {"kind": "mean", "numerator": "feature:export", "cap_quantile": "0.95"},
    "later": {"kind": "mean", "numerator": "value_events", "from_day": "3", "to_day": "9"},
    "asked": {"kind": "proportion", "numerator": "tickets"},
    "per_share": {"kind": "ratio", "numerator": "value_events",
                  "denominator": "feature_days:share"},
    # Most units did something: those who did not, are lifted above 0.
    "floor": {"kind": "mean", "numerator": "active_days", "cap_quantile": "0.52"},
}  # fmt: skip
LOOKS = {"method": "group_sequential", "looks": ["2026-04-30", "2026-05-20", "2026-06-10"],
         "cuped_days": "7"}  # fmt: skip
PAIRS = ("yy", "dd", "xx", "ww", "yd", "yx", "yw", "dx", "dw", "xw")
MEASURES = ("active_days", "value_events", "features", "sessions", "session_seconds", "tickets")
BASES = ("main", "uncapped", "without_crossovers", "early", "late")
Values = dict[str, np.ndarray]
Key = tuple[str, int, str]


def told(world: Row, primary: str, **said: object) -> Row:
    """A plan of the world with all metrics and another primary one."""
    names = {"value_events", "returned", "per_day", "exports", "share_days", "sessions", *MORE}
    chosen = {"metric": primary, "direction": "increase", "mde_relative": "0.1"}
    spec = world["spec"] | {"primary": chosen, "secondary": sorted(names - {primary})} | said
    return world | {"spec": spec, "primary_metric": primary}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("sums")
    lake = FixtureLake(folder / "lake")
    people, three, account = experiment_world.plans()
    planned = [
        told(people, "capped_exports"), told(three, "capped_ratio", analysis=LOOKS),
        told(account, "asked"),
        experiment("exp_idle", starts_on="2025-01-06", ends_on="2025-02-02"),
    ]  # fmt: skip
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(experiment_world, "plans", lambda: planned)
        experiment_world.populate(lake, 11, people=220)
    lake.add("metrics", [metric(name, **said) for name, said in MORE.items()], source="registry")
    long_ago = dt.datetime(2025, 1, 8, 12)
    lake.add("exposures", [
        # Seen by people who had done nothing yet, and what counts for nobody.
        *(exposure(90_000 + n, "exp_idle", ("control", "treatment")[n % 2], f"u{n}", "g1", long_ago)
          for n in range(30)),
        exposure(91_000, "exp_new", "no such arm", "u1", "g1", dt.datetime(2026, 4, 6, 1)),
        exposure(91_001, "exp_new", "control", "u2", "g1", dt.datetime(2026, 4, 5, 1)),
        exposure(91_002, "exp_new", "control", "u3", "g1", dt.datetime(9000, 1, 1)),
    ], source="growthbook", delivered_on="2026-04-02")  # fmt: skip
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target")
    warehouse.run("build", select=["+fct_experiment_sum"], exclude=NO_CHECKS)
    return warehouse


def columns(warehouse: Warehouse, sql: str) -> Values:
    """Columns of a query; NULL only in numbers, as NaN."""
    with duckdb.connect(str(warehouse.path), read_only=True) as connection:
        found = connection.execute(sql).fetchnumpy()
    return {name: np.ma.filled(v, np.nan) if v.dtype.kind == "f" else np.asarray(v)
            for name, v in found.items()}  # fmt: skip


def units_by_metric(warehouse: Warehouse) -> Iterator[tuple[Key, Values]]:
    """Units whose window was over, by experiment, look and metric."""
    found = columns(warehouse, "select * from core.fct_unit_value order by unit_id")
    looks = warehouse.query("select experiment_id, look_no, look_on from core.dim_experiment_look")
    for experiment_id, look_no, look_on in looks:
        ripe = (found["experiment_id"] == experiment_id) & (
            found["mature_on"] <= np.datetime64(look_on)
        )
        for metric_id in np.unique(found["metric_id"][ripe]):
            kept = ripe & (found["metric_id"] == metric_id)
            yield (
                (experiment_id, look_no, metric_id),
                {name: values[kept] for name, values in found.items()},
            )


def capped(values: np.ndarray, share: float) -> np.ndarray:
    """Values within the quantiles of all arms together."""
    return values if np.isnan(share) else np.clip(values, *np.quantile(values, [1 - share, share]))


def basis_of(units: Values, basis: str) -> np.ndarray | None:
    """Which units a basis is made of; None if the metric does not have it."""
    everybody = np.ones(len(units["y"]), bool)
    chosen = {
        "main": everybody, "uncapped": everybody, "without_crossovers": ~units["is_crossover"],
        "early": units["is_early"], "late": ~units["is_early"],
    }[basis]  # fmt: skip
    is_capped = not np.isnan(units["cap_quantile"][0])
    has = basis == "main" or (units["role"][0] == "primary" and (basis != "uncapped" or is_capped))
    return chosen if has else None


def expected(
    units: Values, basis: str, shifts: dict[str, float]
) -> dict[tuple[int, int], dict[str, tuple[float, float]]]:
    """Sums by arm and bucket, each with the sum of what it is made of without signs."""
    chosen = basis_of(units, basis)
    if chosen is None:
        return {}
    share = np.nan if basis == "uncapped" else units["cap_quantile"][0]
    whole = {name: capped(units[name], share) for name in "ydxw"}
    cells = {}
    for arm, bucket in {*zip(units["arm_no"][chosen], units["bucket"][chosen], strict=True)}:
        rows = chosen & (units["arm_no"] == arm) & (units["bucket"] == bucket)
        v = {name: whole[name][rows] - shifts[name] for name in "ydxw"}
        terms = {f"s_{a}": v[a] for a in "ydxw"} | {f"q_{a}{b}": v[a] * v[b] for a, b in PAIRS}
        terms |= {"c_yyy": v["y"] ** 3, "unit_count": np.ones(rows.sum())}
        terms |= {"nonzero_count": (whole["y"][rows] != 0) * 1.0}
        sums = {name: (each.sum(), np.abs(each).sum()) for name, each in terms.items()}
        cells[int(arm), int(bucket)] = sums | {"largest_yy": ((v["y"] ** 2).max(),) * 2}
    return cells


def wrong_sums(warehouse: Warehouse, table: str = "core.fct_experiment_sum") -> list[str]:
    """What differs from the sums over single units."""
    rows: dict[tuple, Row] = {}
    found = columns(warehouse, f"select * from {table}")
    for place in range(len(found["arm_no"])):
        row = {name: values[place] for name, values in found.items()}
        key = tuple(row[n] for n in ("experiment_id", "look_no", "metric_id", "basis"))
        rows.setdefault(key, {})[int(row["arm_no"]), int(row["bucket"])] = row
    wrong, seen = [], set()
    for key, units in units_by_metric(warehouse):
        for basis in BASES:
            ours = rows.get((*key, basis), {})
            seen.add((*key, basis))
            some = next(iter(ours.values()), None)
            shifts = {v: float(some[f"shift_{v}"]) if some else 0.0 for v in "ydxw"}
            truth = expected(units, basis, shifts)
            if truth.keys() != ours.keys():
                wrong.append(f"{key} {basis}: {len(truth)} cells, not {len(ours)}")
                continue
            for cell, sums in truth.items():
                for name, (value, size) in sums.items():
                    if not abs(ours[cell][name] - value) <= 1e-9 * size + 1e-12:
                        wrong.append(f"{key} {basis} {cell} {name}: {ours[cell][name]} {value}")
    return wrong + [f"{key}: nothing to add up" for key in rows.keys() - seen]


def test_sums_are_those_of_the_single_units(built: Warehouse) -> None:
    assert wrong_sums(built) == []


def test_all_that_can_be_summed_is_there(built: Warehouse) -> None:
    """Whatever the models go through differently, some units here go through it."""
    [(idle, seen)] = built.query(
        "select count(*) filter (where totals.unit_id is null), count(totals.unit_id) "
        "from core.fct_assignment as assigned left join core.fct_unit_total as totals "
        "using (experiment_id, unit_id)"
    )
    assert idle > 30
    assert seen > 100
    assert built.query(
        "select distinct kind, cap_quantile is null, numerator like 'feature%' "
        "from core.bridge_experiment_metric where role = 'primary' order by all"
    ) == [
        ("mean", False, False), ("mean", False, True), ("proportion", True, False),
        ("ratio", False, False),
    ]  # fmt: skip
    used = built.query("select distinct metric_id from core.bridge_experiment_metric")
    assert MORE.keys() <= {metric_id for (metric_id,) in used}
    lifted = "select min(y_low) from core.fct_experiment_cap where metric_id = 'floor'"
    assert built.query(lifted) > [(0,)]
    bases = built.query("select distinct basis from core.fct_experiment_sum order by 1")
    assert [basis for (basis,) in bases] == sorted(BASES)
    [(most,)] = built.query("select count(distinct look_no) from core.fct_experiment_sum "
                            "where experiment_id = 'exp_three'")  # fmt: skip
    assert most == 3


def test_days_of_a_unit_lie_together(built: Warehouse) -> None:
    """Sums by unit are fast because of it."""
    [(days, units, runs)] = built.query(
        "select count(*), count(distinct unit_id), "
        "count(*) filter (where unit_id is distinct from before) "
        "from (select unit_id, lag(unit_id) over (order by rowid) as before from core.fct_unit_day)"
    )
    assert days > 3 * units
    assert runs == units


def test_totals_take_the_days_of_their_window(built: Warehouse) -> None:
    """Each day has a power of two. An account has the id of a person."""
    model = "compiled/productops/models/core/fct_unit_total.sql"
    units = {
        ("person", "x"): (-8, -7, -1, 0, 2, 3, 9, 10), ("account", "x"): (3,),
        ("person", "between"): (1,), ("person", "late"): (10,), ("person", "idle"): (),
    }  # fmt: skip
    first = dt.date(2026, 5, 10)
    with duckdb.connect() as db:
        db.execute("attach ':memory:' as warehouse; use warehouse; create schema core")
        db.execute(
            "create table core.dim_metric_window as select 1::bigint as window_no, 'person' as "
            "experiment_id, 3::bigint as from_day, 9::bigint as to_day, 7::bigint as cuped_days, "
            "date '2026-05-11' as late_from_on union all "
            "select 2, 'account', 0, 9, 7, date '2026-05-10'"
        )
        db.execute(
            "create table core.fct_assignment (experiment_id text, unit_type text, unit_id text, "
            "arm_no bigint, bucket bigint, is_crossover bool, first_exposed_on date)"
        )
        measures = ", ".join(f"{name} bigint" for name in MEASURES)
        db.execute("create table core.fct_unit_day "
                   f"(unit_type text, unit_id text, activity_on date, {measures})")  # fmt: skip
        for number, ((kind, name), days) in enumerate(units.items()):
            row = [kind, kind, name, number, 99 - number, number == 1, first]
            db.execute("insert into core.fct_assignment values (?, ?, ?, ?, ?, ?, ?)", row)
            for place, day in enumerate(days):
                said = [kind, name, first + dt.timedelta(days=day), 1, 2**place, 3, 4, 5, 6]
                db.execute(f"insert into core.fct_unit_day values ({'?, ' * 8}?)", said)
        sql = re.sub(r'"\w+"\."core"', "warehouse.core", (built.target / model).read_text())
        found = db.execute(
            "select experiment_id, unit_id, arm_no, bucket, is_crossover, first_exposed_on, "
            "is_early, value_events_before, value_events_after, active_days_after, tickets_after "
            f"from ({sql}) order by arm_no"
        ).fetchall()
    assert found == [
        ("person", "x", 0, 99, False, first, True, 2 + 4, 32 + 64, 2, 12),
        ("account", "x", 1, 98, True, first, False, 0, 1, 1, 6),
        ("person", "between", 2, 97, False, first, True, 0, 0, 0, 0),
    ]


def test_shifts_are_one_per_metric_and_near_its_values(built: Warehouse) -> None:
    [(split,)] = built.query(
        "select count(*) from (select 1 from core.fct_experiment_sum "
        "group by experiment_id, look_no, metric_id "
        "having count(distinct (shift_y, shift_d, shift_x, shift_w)) > 1)"
    )
    assert split == 0
    far = built.query(
        "select experiment_id, metric_id from core.fct_experiment_sum where basis = 'main' "
        "group by experiment_id, look_no, metric_id "
        "having abs(sum(s_y)) > 1e-3 + sqrt(sum(q_yy) * sum(unit_count))"
    )
    assert far == []


def test_where_nobody_did_anything_units_still_count(built: Warehouse) -> None:
    [(units, nonzero, total)] = built.query(
        "select sum(unit_count), sum(nonzero_count), sum(s_y) + sum(unit_count * shift_y) "
        "from core.fct_experiment_sum where experiment_id = 'exp_idle' and basis = 'main' "
        "and metric_id = 'value_events'"
    )
    assert (units, nonzero, total) == (30, 0, 0)


def test_exposures_that_count_for_nobody_are_left_out(built: Warehouse) -> None:
    [(arms, first, last)] = built.query(
        "select count(distinct arm_no), min(first_exposed_on), max(first_exposed_on) "
        "from core.fct_assignment where experiment_id = 'exp_new'"
    )
    assert arms == 2
    assert dt.date(2026, 4, 6) <= first <= last <= dt.date(2026, 5, 17)


@pytest.mark.parametrize("change", [
    "replace (s_y + 1e-6 as s_y)", "replace (nonzero_count + 1 as nonzero_count)",
    "replace ('early' as basis)",
])  # fmt: skip
def test_a_wrong_sum_is_seen(built: Warehouse, change: str) -> None:
    """The comparison itself: it sees a sum that is a little off."""
    off = f"(select * {change} from core.fct_experiment_sum) as changed"
    assert wrong_sums(built, off)
