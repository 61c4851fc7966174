"""The usage marts against an oracle in plain Python, and contested cases counted by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import pytest

from .fixture_lake import FixtureLake, Warehouse
from .usage_oracle import UsageOracle
from .usage_oracle_events import funnel, session_days, tracking_coverage
from .usage_oracle_people import activation, active_days, feature_stages, lifecycle
from .usage_world import AS_OF, ORG_ZONE, counted_rows, history

MARTS = {
    "active_users__daily": UsageOracle.active_users,
    "retention__cohort_interval": UsageOracle.retention,
    "feature_adoption__feature_week": UsageOracle.feature_adoption,
    "account_usage__account_day": UsageOracle.account_usage,
    "lifecycle__weekly": lifecycle,
    "funnel__entry_week_step": funnel,
    "session__daily": session_days,
    "activation__cohort_week": activation,
    "active_days__week_day_count": active_days,
    "feature_stage__feature_cohort_week": feature_stages,
    "tracking_coverage__source_week": tracking_coverage,
}
Built = tuple[Warehouse, UsageOracle]


def rounded(rows: Iterable[tuple]) -> set[tuple]:
    """Rows with floats of which only what is not noise is left."""
    return {tuple(float(f"{v:.6g}") if isinstance(v, float) else v for v in row) for row in rows}


def found_in(warehouse: Warehouse, mart: str) -> set[tuple]:
    """A mart's rows without definition_version."""
    return rounded(row[:-1] for row in warehouse.rows(f"marts.{mart}"))


def build(folder: Path, steps: list) -> Built:
    lake = FixtureLake(folder / "lake")
    for step in steps:
        step.apply(lake)
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target")
    warehouse.run("build", select=["+marts.usage"], org_time_zone=ORG_ZONE)
    return warehouse, UsageOracle(counted_rows(steps), org_zone=ORG_ZONE, as_of=AS_OF)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    # Twelve weeks, which the stages of adoption take.
    return build(tmp_path_factory.mktemp("oracle"), history(11, days=81, per_day=9))


@pytest.mark.parametrize("mart", MARTS)
def test_equals_the_oracle(built: Built, mart: str) -> None:
    warehouse, oracle = built
    found, expected = found_in(warehouse, mart), rounded(MARTS[mart](oracle))
    assert len(expected) > 10
    assert sorted(found - expected, key=str)[:5] == sorted(expected - found, key=str)[:5]
    assert found == expected


def test_a_flag_lets_in_some_people_and_not_all(built: Built) -> None:
    """Else the random company would show nothing about flags."""
    found = dict(built[0].query(
        "select feature_id, sum(entitled_active_person_count) "
        "from marts.feature_adoption__feature_week group by 1"
    ))  # fmt: skip
    turns = built[0].query(
        "select count(*), count(on_until), count(distinct person_id) from core.bridge_feature_flag"
    )
    assert 10 < found["search"] < found["export"]
    assert turns[0][0] > turns[0][1] > 5
    assert turns[0][2] > 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(30, 36))
def test_other_companies_equal_the_oracle(seed: int, tmp_path: Path) -> None:
    warehouse, oracle = build(tmp_path, history(seed, days=81, per_day=13))
    for mart, expected in MARTS.items():
        assert found_in(warehouse, mart) == rounded(expected(oracle)), mart


def test_the_oracle_is_no_yes_man(built: Built) -> None:
    """Taking one event away, or cutting days elsewhere, must be seen."""
    warehouse, _ = built
    steps = history(11, days=81, per_day=9)
    rows = counted_rows(steps)
    lost = next(
        e for e in rows["usage_events"] if e["event_name"] == "Export" and e["group_id"] == "a1"
    )
    fewer = rows | {
        "usage_events": [e for e in rows["usage_events"] if e["event_id"] != lost["event_id"]]
    }
    elsewhere = UsageOracle(rows, org_zone="UTC", as_of=AS_OF)
    found = found_in(warehouse, "account_usage__account_day")
    assert found != rounded(UsageOracle(fewer, org_zone=ORG_ZONE, as_of=AS_OF).account_usage())
    assert found != rounded(elsewhere.account_usage())


# ---- contested cases, counted by hand (docs/decisions.md tells why)


def event(number: int, user: str | None, at: str, **more: object) -> dict:
    return {
        "event_id": f"m{number}", "event_name": "Export", "event_type": "track", "user_id": user,
        "occurred_at": at, "received_at": at, "is_clock_skewed": False,
    } | more  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Few enough people to count on paper."""
    folder = tmp_path_factory.mktemp("small")
    lake = FixtureLake(folder / "lake")
    lake.add("tracking_plan", [{"event_name": "Export", "event_class": "value"}], source="registry")
    lake.add("exclusions", [{"subject_type": "email_domain", "subject": "corp.test", "reason":
     "employee"}],
             source="registry")  # fmt: skip
    sold = {"plan": "pro", "paid_seat_count": 2, "updated_at": "2026-05-01"}
    lake.add("accounts", [
        sold | {"account_ref": "1", "external_id": "la", "time_zone": "America/Los_Angeles",
         "churned_on": "2026-05-20"},
        sold | {"account_ref": "2", "external_id": "nz", "time_zone": "Pacific/Auckland", "plan":
         "trial"},
    ], source="hubspot")  # fmt: skip
    back = {"r6": 17, "r7": 18, "r13": 24, "r14": 25}
    moments = [
        *((user, "2026-05-04T03:00", {"group_id": "la"}) for user in ("la1", "la2", "la3")),
        ("la1", "2026-05-21T20:00", {"group_id": "la"}),
        ("nz1", "2026-05-04T13:00", {"group_id": "nz"}),
        (None, "2026-05-06T10:00", {"anonymous_id": "d1"}),
        ("p1", "2026-05-08T10:00", {"anonymous_id": "d1"}),
        ("p2", "2026-05-06T11:00", {"anonymous_id": "d2"}),
        ("p3", "2026-05-06T12:00", {"anonymous_id": "d2"}),
        (None, "2026-05-06T13:00", {"anonymous_id": "d2"}),
        ("e1", "2026-05-06T14:00", {"email_domain": "corp.test"}),
        ("b1", "2026-05-06T15:00", {"user_agent": "Googlebot/2.1"}),
        *((user, "2026-05-11T10:00", {}) for user in back),
        *((user, f"2026-05-{day}T10:00", {}) for user, day in back.items()),
        ("z", "2026-06-10T12:00", {}),
    ]
    lake.add(
        "usage_events", [event(n, user, at, **more) for n, (user, at, more) in enumerate(moments)]
    )
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target")
    warehouse.run("build", select=["+marts.usage"], exclude=["resource_type:unit_test"])
    return warehouse


def daily(warehouse: Warehouse, day: str, columns: str, segment: str = "all") -> tuple:
    query = f"select {columns} from marts.active_users__daily where activity_on = ? and segment = ?"
    (row,) = warehouse.query(query, [day, segment])
    return row


@pytest.mark.parametrize(("day", "segment", "people"), [
    ("2026-05-03", "all", 3), ("2026-05-03", "pro", 3), ("2026-05-04", "all", 0),
    ("2026-05-05", "trial", 1), ("2026-05-05", "all", 1),
])  # fmt: skip
def test_a_day_is_the_accounts_own_day(
    small: Warehouse, day: str, segment: str, people: int
) -> None:
    assert daily(small, day, "dau_count", segment) == (people,)


def test_a_device_belongs_to_its_only_person_also_before_sign_in(small: Warehouse) -> None:
    # p1 by device d1, p2, p3, and device d2 that both of them share; e1 and b1 don't count.
    assert daily(small, "2026-05-06", "dau_count, new_person_count, excluded_person_count") == (
        4,
        4,
        2,
    )
    assert daily(small, "2026-05-08", "dau_count, new_person_count") == (1, 0)


def test_windows_end_with_the_day(small: Warehouse) -> None:
    stickiness = "mau28_count, stickiness_num, stickiness_rate, stickiness_pt_rate"
    assert daily(small, "2026-05-30", stickiness) == (12, 18 / 28, pytest.approx(18 / 28 / 12), 0)
    assert daily(small, "2026-05-31", "mau28_count, mau30_count") == (10, 12)


def test_retention_of_one_cohort(small: Warehouse) -> None:
    rows = small.query(
        "select variant, interval_number, retention_num, retention_den, is_mature "
        "from marts.retention__cohort_interval where cohort_week_on = '2026-05-11' "
        "and variant in ('bracket_7_13', 'classic_week', 'unbounded_week') order by all"
    )
    assert rows == [
        ("bracket_7_13", 1, 2, 4, True),
        ("classic_week", 0, 4, 4, True), ("classic_week", 1, 2, 4, True),
        ("classic_week", 2, 1, 4, True), ("classic_week", 3, 0, 4, True),
        ("classic_week", 4, 0, 0, False),
        ("unbounded_week", 0, 4, 4, True), ("unbounded_week", 1, 3, 4, True),
        ("unbounded_week", 2, 1, 4, True), ("unbounded_week", 3, 0, 4, True),
        ("unbounded_week", 4, 0, 0, False),
    ]  # fmt: skip


@pytest.mark.parametrize(("account", "day", "plan", "num", "den", "rate"), [
    ("la", "2026-05-19", "pro", 2, 2, 1.0), ("la", "2026-05-20", "churned", None, None, None),
    ("nz", "2026-05-05", "trial", None, None, None),
])  # fmt: skip
def test_seats_are_paid_seats(
    small: Warehouse, account: str, day: str, plan: str, num, den, rate
) -> None:
    found = small.query(
        "select plan, seat_utilisation_num, seat_utilisation_den, seat_utilisation_rate "
        "from marts.account_usage__account_day where account_id = ? and activity_on = ?",
        [account, day],
    )  # fmt: skip
    assert found == [(plan, num, den, rate)]


def test_a_day_is_complete_when_it_is_over_everywhere(small: Warehouse) -> None:
    through = "is_complete, data_through_at"
    noon = dt.datetime(2026, 6, 10, 12)
    assert daily(small, "2026-06-08", through) == (True, noon - dt.timedelta(days=1))
    assert daily(small, "2026-06-09", through) == (True, noon)
    assert daily(small, "2026-06-10", through) == (False, noon)


def test_a_feature_behind_a_flag_is_open_to_whom_the_flag_lets_in(tmp_path: Path) -> None:
    """Ten people of one week; the flag is on for four, and off again for one before the week."""
    lake = FixtureLake(tmp_path / "lake")
    lake.add("tracking_plan", [
        {"event_name": "Export", "event_class": "value"},
        {"event_name": "Ask", "feature_id": "ask", "event_class": "value"},
    ], source="registry")  # fmt: skip
    lake.add("features", [
        {"feature_id": "ask", "name": "Ask", "flag_id": "ask-flag", "flag_variations": ["on"]},
    ], source="registry")  # fmt: skip
    people = [f"p{n}" for n in range(10)]
    events = [event(n, who, "2026-05-13T10:00") for n, who in enumerate(people)]
    events += [event(20, "p0", "2026-05-14T10:00", event_name="Ask"),
               event(21, "p9", "2026-05-14T10:00", event_name="Ask")]  # fmt: skip
    lake.add("usage_events", events)
    seen = [(who, "on", "2026-05-04") for who in people[:4]]
    seen += [("p3", "off", "2026-05-10"), ("p8", "off", "2026-05-12")]
    lake.add("exposures", [
        {"exposure_id": f"x{n}", "experiment_id": "ask-flag", "variation_id": variation,
         "user_id": who, "exposed_at": f"{day}T10:00:00"}
        for n, (who, variation, day) in enumerate(seen)
    ], source="statsig")  # fmt: skip
    warehouse = Warehouse(tmp_path / "warehouse.duckdb", lake, tmp_path / "target")
    marts = ["feature_adoption__feature_week", "feature_stage__feature_cohort_week"]
    warehouse.run("build", select=[f"+{mart}" for mart in marts], exclude=["resource_type:test"])
    assert warehouse.query(
        "select entitled_active_person_count, feature_person_count, reach_num, reach_den "
        "from marts.feature_adoption__feature_week where week_on = '2026-05-11'"
    ) == [(3, 2, 1, 3)]
    assert warehouse.query(
        "select sum(exposed_person_count) from marts.feature_stage__feature_cohort_week"
    ) == [(3,)]
