"""What people do over weeks, of a company small enough to count on paper.

Belongs here: lifecycle, retention by each definition, activation, days a month, stages of
adoption. Does not belong here: funnels and sessions (test_usage_events), random companies
(test_usage_oracle).
"""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import duckdb
import pytest

from .fixture_lake import FixtureLake, Warehouse
from .usage_world import ORG_ZONE

# Times are UTC; the company sits in New York, four hours behind in May and five in early March.
USES = {
    # Three weeks: both are there, nobody is, one comes back.
    "a": ["2026-03-02T15:00"],
    "b": ["2026-03-02T15:00", "2026-03-16T15:00"],
    # The cohort of 4 May.
    "p1": ["2026-05-05T00:00", "2026-05-11T10:00"],  # Monday 20:00, Monday 06:00
    "p2": ["2026-05-05T10:00", "2026-05-13T00:00"],  # Tuesday 06:00, Tuesday 20:00
    "p3": ["2026-05-07T00:00", "2026-05-14T10:00"],  # Wednesday 20:00, Thursday 06:00
    "p4": ["2026-05-10T16:00", "2026-05-11T16:00"],  # Sunday, Monday
    "p5": ["2026-05-04T16:00", "2026-06-01T16:00"],  # 28 days later
    "p6": ["2026-05-04T16:00"],
    "p7": ["2026-05-08T00:00", "2026-05-15T10:00"],  # Thursday 20:00, Friday 06:00
    "p8": ["2026-05-06T16:00", "2026-05-26T16:00"],  # 20 days later
    # The cohort of 18 May.
    "q1": ["2026-05-18T16:00", "2026-05-25T16:00"],
    "q2": ["2026-05-18T16:00"],
    # The cohort of 25 May: eight in the evening, six in the morning.
    "s": ["2026-05-26T00:00", "2026-05-26T10:00"],
    # The cohort of 6 April: two uses at once, after two days, after ten, and one alone.
    "k1": ["2026-04-06T15:00", "2026-04-06T16:00"],
    "k2": ["2026-04-06T15:00", "2026-04-08T15:00"],
    "k3": ["2026-04-07T15:00", "2026-04-17T15:00"],
    "k4": ["2026-04-06T15:00"],
    # "late" comes out on 1 April; of those exposed in its first week n1 stays with it (the sixth
    # week after the first), n2 comes back once, n3 tries it in the fourth week, n4 too late.
    "n1": ["2026-04-01T15:00 Late", "2026-05-13T15:00 Late"],
    "n2": ["2026-04-01T15:00 Late", "2026-04-08T15:00 Late"],
    "n3": ["2026-04-02T15:00", "2026-04-20T15:00 Late"],
    "n4": ["2026-04-02T15:00", "2026-04-27T15:00 Late", "2026-06-01T15:00 Late"],
    # Used before it came out, and never after.
    "n5": ["2026-03-25T15:00 Late", "2026-04-03T15:00"],
    # That of 22 June, which has not had its seven days.
    "k5": ["2026-06-24T15:00"],
    "k6": ["2026-06-23T15:00", "2026-06-24T15:00"],
    "z": ["2026-06-29T12:00"],
}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("people")
    lake = FixtureLake(folder / "lake")
    lake.add("tracking_plan", [
        {"event_name": "Export", "event_class": "value", "feature_id": "export"},
        {"event_name": "Old", "event_class": "value", "feature_id": "dead"},
        {"event_name": "Late", "event_class": "value", "feature_id": "late"},
    ], source="registry")  # fmt: skip
    lake.add("features", [
        {"feature_id": "export", "name": "Export"}, {"feature_id": "dead", "name": "Nobody's"},
        {"feature_id": "late", "name": "Late", "released_on": "2026-04-01"},
    ], source="registry")  # fmt: skip
    lake.add("activation_criteria", [
        {"criteria_id": "twice", "criteria_version": 1, "feature_id": "export", "use_count": 2,
         "within_days": 7},
        {"criteria_id": "never", "criteria_version": 1, "feature_id": "unknown", "use_count": 1,
         "within_days": 7},
    ], source="registry")  # fmt: skip
    lake.add("usage_events", [
        {"event_id": f"{user}-{n}", "event_name": what or ("Old" if user == "a" else "Export"),
         "event_type": "track", "user_id": user, "occurred_at": at, "received_at": at,
         "is_clock_skewed": False}
        for user, moments in USES.items() for n, text in enumerate(moments)
        for at, _, what in [text.partition(" ")]
    ])  # fmt: skip
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target")
    marts = [
        "lifecycle__weekly", "retention__cohort_interval", "feature_adoption__feature_week",
        "activation__cohort_week", "active_days__week_day_count",
        "feature_stage__feature_cohort_week",
    ]  # fmt: skip
    select = [f"+{mart}" for mart in marts]
    warehouse.run(
        "build", select=select, exclude=["resource_type:unit_test"], org_time_zone=ORG_ZONE
    )
    return warehouse


def retention(warehouse: Warehouse, week: str, variant: str, number: int) -> tuple:
    (row,) = warehouse.query(
        "select retention_num, retention_den, is_mature from marts.retention__cohort_interval "
        "where cohort_week_on = ? and variant = ? and interval_number = ?",
        [week, variant, number],
    )
    return row


def test_who_left_is_counted_in_the_week_in_which_nobody_came(people: Warehouse) -> None:
    rows = people.query(
        "select week_on, active_person_count, new_person_count, returning_person_count, "
        "resurrecting_person_count, dormant_person_count, quick_ratio_num, quick_ratio_den, "
        "quick_ratio from marts.lifecycle__weekly where segment = 'all' order by 1 limit 3"
    )
    assert rows == [
        (dt.date(2026, 3, 2), 2, 2, 0, 0, 0, 2, 0, None),
        (dt.date(2026, 3, 9), 0, 0, 0, 0, 2, 0, 2, 0.0),
        (dt.date(2026, 3, 16), 1, 0, 0, 1, 0, 1, 0, None),
    ]


@pytest.mark.parametrize(("variant", "number", "kept"), [
    ("classic_day", 7, 2),     # p1 p2: on the seventh day by the calendar
    ("rolling_day", 7, 3),     # p2 p3 p7: in the eighth 24 hours since the first event
    ("bracket_7_13", 1, 4),    # p1 p2 p3 p7
    ("classic_week", 1, 5),    # and p4, who came one day later, on Monday
    ("unbounded_day", 7, 6),   # p1 p2 p3 p7, and p5 and p8, who came after weeks
])  # fmt: skip
def test_the_same_events_stay_in_five_different_shares(
    people: Warehouse, variant: str, number: int, kept: int
) -> None:
    assert retention(people, "2026-05-04", variant, number) == (kept, 8, True)


def test_from_evening_to_morning_is_a_day_by_the_calendar_and_none_by_the_clock(
    people: Warehouse,
) -> None:
    assert retention(people, "2026-05-25", "classic_day", 1) == (1, 1, True)
    assert retention(people, "2026-05-25", "rolling_day", 1) == (0, 1, True)


def test_an_interval_that_is_not_over_has_no_rate(people: Warehouse) -> None:
    # The data end on 29 June at noon: 28 June is over. 28 days after 31 May it is; 29 it is not.
    assert retention(people, "2026-05-25", "classic_day", 28) == (0, 1, True)
    assert retention(people, "2026-06-01", "classic_day", 28) == (0, 0, False)
    assert retention(people, "2026-06-29", "classic_day", 1) == (0, 0, False)
    rates = people.query(
        "select count(*), count(retention_rate) from marts.retention__cohort_interval "
        "where retention_den = 0"
    )
    assert rates[0][0] > 50
    assert rates[0][1] == 0


def test_pooled_is_not_the_mean_of_cohorts(people: Warehouse) -> None:
    (row,) = people.query(
        "select sum(retention_num) / sum(retention_den), avg(retention_rate) "
        "from marts.retention__cohort_interval where variant = 'classic_day' "
        "and interval_number = 7 and cohort_week_on in ('2026-05-04', '2026-05-18')"
    )
    assert row == (0.3, 0.375)  # 3 of 10; the mean of 2 of 8 and 1 of 2


def test_a_dead_feature_goes_on_showing_zero(people: Warehouse) -> None:
    rows = people.query(
        "select week_on, feature_person_count from marts.feature_adoption__feature_week "
        "where feature_id = 'dead' order by 1"
    )
    assert [row[1] for row in rows] == [1] + [0] * 17
    assert rows[-1][0] == dt.date(2026, 6, 29)


def activated(warehouse: Warehouse, criteria: str, week: str) -> tuple:
    (row,) = warehouse.query(
        "select activation_num, activation_den, activation_rate, activated_person_count, "
        "waiting_person_count, time_to_value_p50_days, is_complete "
        "from marts.activation__cohort_week where criteria_id = ? and cohort_week_on = ?",
        [criteria, week],
    )
    return row


def test_activated_in_time_of_those_whose_time_is_over(people: Warehouse) -> None:
    # k1 on the same day, k2 after two days; k3 after ten is too late, k4 waits. Of 0, 2, 10 and
    # "longer than 83" days the median is between 2 and 10.
    assert activated(people, "twice", "2026-04-06") == (2, 4, 0.5, 3, 1, 6.0, True)


def test_who_still_waits_counts_in_the_median_and_not_in_the_rate(people: Warehouse) -> None:
    # k6 took one day; k5 has waited for four so far. Their seven days are not over.
    assert activated(people, "twice", "2026-06-22") == (0, 0, None, 1, 1, 1.0, False)


def test_a_criterion_that_nobody_meets_is_0_and_takes_unknown_time(people: Warehouse) -> None:
    assert activated(people, "never", "2026-04-06") == (0, 4, 0.0, 0, 4, None, True)
    assert activated(people, "never", "2026-04-13") == (0, 0, None, 0, 0, None, True)


BROKEN = {
    "update marts.lifecycle__weekly set dormant_person_count = dormant_person_count + 1, "
    "new_person_count = new_person_count + 1": [
        "holds_lifecycle__weekly_new_person_count", "holds_lifecycle__weekly_returning",
    ],
    "delete from marts.lifecycle__weekly where week_on = '2026-03-09'": [
        "no_week_missing_lifecycle__weekly"],
    "update marts.retention__cohort_interval set retained_count = 99 "
    "where variant = 'unbounded_day' and interval_number = 28": [
        "never_rises_retention__cohort_interval"],
    "update marts.active_days__week_day_count set reaching_num = 0 where day_count = 1": [
        "never_rises_active_days", "holds_active_days"],
    "update marts.feature_stage__feature_cohort_week set retained_num = 99": [
        "holds_feature_stage", "rate_of_parts_feature_stage"],
    "update marts.activation__cohort_week set activation_num = 99": ["holds_activation"],
}  # fmt: skip


def test_broken_marts_fail_their_own_tests(people: Warehouse, tmp_path: Path) -> None:
    path = tmp_path / people.path.name
    shutil.copy(people.path, path)
    with duckdb.connect(str(path)) as connection:
        for change in BROKEN:
            connection.execute(change)
    marts = {change.split("marts.")[1].split()[0] for change in BROKEN}
    broken = Warehouse(path, people.lake, people.target)
    with pytest.raises(AssertionError) as failure:
        broken.run("test", select=[f"{mart},test_type:data" for mart in sorted(marts)])
    for tests in BROKEN.values():
        for test in tests:
            assert test in str(failure.value)


def stages(warehouse: Warehouse, week: str) -> tuple:
    (row,) = warehouse.query(
        "select weeks_since_release, exposed_person_count, tried_num, tried_den, repeated_num, "
        "repeated_den, retained_num, retained_den, is_complete "
        "from marts.feature_stage__feature_cohort_week "
        "where feature_id = 'late' and cohort_week_on = ?",
        [week],
    )
    return row


def test_exposed_tried_repeated_retained(people: Warehouse) -> None:
    # Exposed n1 to n5; in four weeks n1 n2 n3 try it; n1 and n2 come back, n1 in weeks 5 to 8.
    assert stages(people, "2026-03-30") == (0, 5, 3, 5, 2, 3, 1, 3, True)


def test_stages_whose_time_is_not_over_have_no_rate(people: Warehouse) -> None:
    # The cohort of 4 May had its four weeks, in which nobody tried it, and not its twelve.
    assert stages(people, "2026-05-04") == (5, 8, 0, 8, 0, 0, 0, 0, False)
    assert stages(people, "2026-06-22") == (12, 2, 0, 0, 0, 0, 0, 0, False)


def test_days_of_the_month(people: Warehouse) -> None:
    rows = people.query(
        "select day_count, person_count, reaching_num, reaching_den "
        "from marts.active_days__week_day_count where week_on = '2026-05-11' and day_count <= 3"
    )
    # From 20 April to 17 May: p1 p2 p3 p4 p7 on two days, p5 p6 p8 n1 n3 n4 on one.
    assert sorted(rows) == [(1, 6, 11, 11), (2, 5, 5, 11), (3, 0, 0, 11)]
    assert people.query(
        "select count(*) from marts.active_days__week_day_count where week_on = '2026-03-09'"
    ) == [(28,)]
