"""Who is who: shared, crowded and handed-over devices, mailboxes that join too many.

Random companies are held against plain Python; the cases of docs/decisions.md are counted by hand.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .fixture_lake import FixtureLake, Warehouse
from .handovers import Company
from .people_oracle import Limits, People

LIMITS = Limits(device_people=2, person_aliases=4)
COMPANIES = 20
DELIVERIES = 6
Row = dict[str, Any]


def day_of(step: int) -> str:
    """The first delivery comes alone, then three on each day."""
    return f"2026-06-{26 + (step + 2) // 3}"


def build(
    folder: Path, events: list[Row], records: list[Row], limits: Limits, deliveries: int = 1
) -> Warehouse:
    """Events and records in turn, in as many deliveries, each a second after the one before."""
    lake = FixtureLake(folder / "lake")
    for number in range(deliveries):
        lake.add("usage_events", events[number::deliveries], delivered_on=day_of(2 * number))
        told = [{k: v for k, v in r.items() if k != "source"} for r in records[number::deliveries]]
        lake.add("identities", told, source="crm", delivered_on=day_of(2 * number + 1))
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target")
    warehouse.run(
        "build",
        select=["+fct_person_feature_day", "+identity_change__event"],
        exclude=["resource_type:unit_test"],
        device_person_limit=limits.device_people,
        person_alias_limit=limits.person_aliases,
    )
    return warehouse


def ids_of(warehouse: Warehouse) -> dict[tuple[str, str], tuple[str, str | None]]:
    rows = warehouse.query(
        "select case alias_type when 'user_id' then 'user' else 'device' end, alias, person_id, "
        "kept_apart_by from core.bridge_identity where alias_type in ('user_id', 'anonymous_id')"
    )
    return {(kind, alias): (person, guard) for kind, alias, person, guard in rows}


def person_days_of(warehouse: Warehouse) -> dict[tuple[str, dt.date], int]:
    rows = warehouse.query(
        "select person_id, activity_on, sum(event_count) from core.fct_person_feature_day "
        "group by all"
    )
    return {(person, day): count for person, day, count in rows}


@pytest.fixture(scope="module")
def random_companies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Warehouse, People]:
    companies = [Company(seed) for seed in range(COMPANIES)]
    events = [event for company in companies for event in company.events()]
    records = [record for company in companies for record in company.records()]
    random.Random(1).shuffle(events)
    folder = tmp_path_factory.mktemp("ids")
    warehouse = build(folder, events, records, LIMITS, deliveries=DELIVERIES)
    return warehouse, People(events, records, LIMITS)


def test_ids_of_random_companies(random_companies: tuple[Warehouse, People]) -> None:
    warehouse, people = random_companies
    guards = {("device", device): "crowded_device" for device in people.crowded}
    guards |= {("user", user): "large_component" for user in people.quarantined}
    expected = {key: (person, guards.get(key)) for key, person in people.of_alias.items()}
    assert ids_of(warehouse) == expected
    assert len(people.crowded) > 2
    assert len(people.quarantined) > 2
    assert len(people.shared - people.crowded) > 2


def test_uses_of_random_companies(random_companies: tuple[Warehouse, People]) -> None:
    warehouse, people = random_companies
    tracked = [event for event in people.events if event["event_type"] == "track"]
    expected = Counter(
        (person, event["occurred_at"].date())
        for event in tracked
        if (person := people.of_event(event))
    )
    assert person_days_of(warehouse) == expected
    handed = [
        event for event in tracked
        if event["anonymous_id"] in people.shared and not event["user_id"]
        and people.of_event(event) != people.of_alias["device", event["anonymous_id"]]
    ]  # fmt: skip
    assert len(handed) > 20


def test_a_mailbox_that_joined_too_many_is_nobodys(
    random_companies: tuple[Warehouse, People],
) -> None:
    warehouse, _ = random_companies
    found = warehouse.query(
        "select alias, person_id from core.bridge_identity where alias_type = 'email_key' "
        "and kept_apart_by is not null"
    )
    assert found
    assert all(person == f"email:{alias}" for alias, person in found)


def moves_of(people: People) -> set[tuple]:
    """Who moved between one day and the next, from the people that each delivery leaves."""
    events, records = people.events, people.identities
    moved, turned, latest = set(), {}, {}
    evening: dict[tuple[str, str], str] = {}
    for step in range(2 * DELIVERIES):
        known = [
            [row for n, row in enumerate(rows) if n % DELIVERIES * 2 + kind <= step]
            for kind, rows in enumerate((events, records))
        ]
        now = People(*known, LIMITS).of_alias
        turned |= {key: step for key, person in now.items() if latest.get(key, person) != person}
        latest = now
        if step + 1 < 2 * DELIVERIES and day_of(step + 1) == day_of(step):
            continue
        for (kind, alias), person in now.items():
            old = evening.get((kind, alias), person)
            if old != person:
                days = {
                    event["occurred_at"].date()
                    for event in events
                    if event["event_type"] == "track" and alias == (
                        event["user_id"] or event["anonymous_id"])
                }  # fmt: skip
                moved.add((kind, alias, turned[kind, alias], old, person, len(days)))
        evening = now
    return moved


def test_each_move_between_days_is_told(
    random_companies: tuple[Warehouse, People],
) -> None:
    warehouse, people = random_companies
    found = warehouse.query(
        "select case alias_type when 'user_id' then 'user' else 'device' end, alias, "
        "second(changed_at), old_person_id, new_person_id, person_day_count "
        "from marts.identity_change__event"
    )
    expected = moves_of(people)
    assert set(found) == expected
    assert len(found) == len(expected) > 20
    kinds = warehouse.query(
        "select change_type, evidence, count(*) from marts.identity_change__event group by all"
    )
    assert {(kind, why) for kind, why, _ in kinds} == {
        ("merge", "shared mailbox"), ("merge", "sign-in on a device"),
        ("split", "several people on a device"), ("split", "too many ids"),
    }  # fmt: skip


# ---- counted by hand (docs/decisions.md tells why)


def use(number: int, at: str, user: str | None, device: str | None, **more: Any) -> Row:
    moment = dt.datetime.fromisoformat(f"2026-05-{at}")
    return {
        "event_id": f"h{number}", "event_name": "Export", "event_type": "track", "user_id": user,
        "anonymous_id": device, "occurred_at": moment, "received_at": moment,
        "is_clock_skewed": False,
    } | more  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    moments: list[tuple[Any, ...]] = [
        # A family's tablet: unsigned at 10:00, Ann signs in at 10:20, unsigned at 10:25, Bob at
        # 10:50; unsigned again at 10:55 and nobody comes.
        ("01T10:00", None, "tablet"), ("01T10:20", "ann", "tablet"), ("01T10:25", None, "tablet"),
        ("01T10:50", "bob", "tablet"), ("01T10:55", None, "tablet"),
        # Thirty minutes are too long.
        ("02T10:00", None, "tablet"), ("02T10:30", "ann", "tablet"),
        # A night at the tablet: unsigned at 23:50, Bob signs in after midnight.
        ("03T23:50", None, "tablet"), ("04T00:10", "bob", "tablet"),
        # A till: six people within 30 days. The unsigned use is nobody's, whoever comes next.
        *((f"1{n}T09:00", f"clerk{n}", "till") for n in range(6)),
        ("10T08:55", None, "till"),
        # Five people within 30 days are a big family.
        *((f"1{n}T09:00", f"clerk{n}", "sofa") for n in range(5)),
        ("10T08:55", None, "sofa"),
        # 21 ids hang together by test@: ten users, ten own mailboxes and the common one.
        *((f"20T{10 + n}:00", f"t{n}", None, {"email_key": key})
          for n in range(10) for key in ("test@", f"t{n}@")),
        # 20 ids: all one person.
        *((f"21T{10 + n}:00", f"s{n}", None, {"email_key": key})
          for n in range(10) for key in ("sales@", f"s{n}@") if key != "s0@"),
        # A server names Eve where a device's id stands, and nobody else so; she was the phone that
        # she was identified from, and a vendor says that the laptop is hers.
        ("22T10:00", "eve", None), ("22T11:00", None, "eve"), ("22T12:00", None, "nobody"),
        ("22T13:00", None, "phone"), ("22T15:00", None, "laptop"),
        ("22T14:00", None, "eve", {"event_type": "identify", "previous_id": "phone"}),
        ("22T14:00", None, "nobody", {"event_type": "identify", "previous_id": "desk"}),
        ("22T16:00", None, "desk"),
    ]  # fmt: skip
    records = [
        {"identity_ref": "laptop", "user_id": "eve", "role": "device"},
        {"identity_ref": "nobody", "user_id": "eve", "role": "end-user"},
    ]
    events = [
        use(n, at, user, device, **(more[0] if more else {}))
        for n, (at, user, device, *more) in enumerate(moments)
    ]
    records = [one | {"updated_at": dt.datetime(2026, 5, 23)} for one in records]
    return build(tmp_path_factory.mktemp("small_ids"), events, records, Limits())


@pytest.mark.parametrize(("day", "expected"), [
    (1, {"ann": 2, "bob": 2, "anon:tablet": 1}),
    (2, {"ann": 1, "anon:tablet": 1}),
    (3, {"bob": 1}), (4, {"bob": 1}),
    (10, {"clerk0": 3, "anon:till": 1}),
    (20, {f"t{n}": 2 for n in range(10)}),
    (21, {"s0": 19}),
    (22, {"eve": 4, "anon:nobody": 1, "anon:desk": 1}),
])  # fmt: skip
def test_whose_a_use_is(small: Warehouse, day: int, expected: dict[str, int]) -> None:
    found = person_days_of(small)
    assert {who: n for (who, on), n in found.items() if on.day == day} == expected


def test_what_is_kept_apart_is_flagged(small: Warehouse) -> None:
    found = {alias: guard for (_, alias), (_, guard) in ids_of(small).items() if guard}
    assert found == {"till": "crowded_device"} | {f"t{n}": "large_component" for n in range(10)}


def test_a_limit_that_is_not_reached_keeps_nobody_apart(
    lake: FixtureLake, make_warehouse: Callable[..., Warehouse]
) -> None:
    lake.add("usage_events", [use(1, "01T10:00", None, "d"), use(2, "01T10:01", None, None)])
    domains = ("corp.test", "club-mail.test", "orange.fr", "yahoo.com.ph", "live.test")
    merges = ("6", "live.test", "0"), ("7", "old.test", "8"), ("8", "new.test", "0")
    lake.add("accounts", [
        {"account_ref": f"{number}", "domain": domain, "updated_at": dt.datetime(2026, 5, 1)}
        for number, domain in enumerate(domains)
    ] + [
        {"account_ref": n, "domain": name, "is_deleted": True, "lifecycle": "merged",
         "parent_ref": to, "updated_at": dt.datetime(2026, 5, 1)}
        for n, name, to in (*merges, ("9", "corp.test", ""))
    ], source="crm")  # fmt: skip
    warehouse = make_warehouse(lake)
    bridges = ["+bridge_handover", "+bridge_identity", "+bridge_account"]
    warehouse.run("build", exclude=["resource_type:unit_test"], select=bridges,
                  public_email_domains=["club-mail.test"])  # fmt: skip
    # At the other domains anybody may have a mailbox: they are no company's.
    record = "intermediate.int_account__record"
    known = warehouse.query(f"select account_id, domain from {record} order by account_ref")
    merged = [("corp.test", one) for one in ("live.test", "old.test", "new.test", "corp.test")]
    own = [("corp.test", "corp.test"), *((f"crm:{n}", None) for n in (1, 2, 3)), ("live.test",) * 2]
    assert known == own + merged
    of_domains = "select account_id, alias from core.bridge_account where alias_type = 'domain'"
    assert set(warehouse.query(of_domains)) == {own[-1], *merged[1:]}  # The living have theirs.
    assert ids_of(warehouse) == {("device", "d"): ("anon:d", None)}
    assert warehouse.rows("core.bridge_handover") == []


def test_what_came_on_one_day_became_known_together(
    lake: FixtureLake, make_warehouse: Callable[..., Warehouse]
) -> None:
    """A first load of many files moves nobody, whichever of them came first."""
    deliveries: list[tuple[str, list[tuple[str | None, str]]]] = [
        ("2026-06-01", [(None, "d1"), ("ann", "d2"), (None, "d3"), (None, "d4"), (None, "kim")]),
        ("2026-06-01", [("ann", "d1"), (None, "d2")]),
        ("2026-06-02", [("ann", "d3"), ("ann", "d4")]),
        ("2026-06-02", [("bob", "d3")]),
        ("2026-06-03", [("bob", "d4"), ("kim", "d5")]),
    ]
    number = 0
    for day, uses in deliveries:
        events = [use(number + n, f"0{1 + n}T10:00", *who) for n, who in enumerate(uses)]
        number += len(uses)
        lake.add("usage_events", events, delivered_on=day)
    warehouse = make_warehouse(lake)
    warehouse.run(select=["+identity_change__event"])
    found = warehouse.query(
        "select alias, day(changed_on), change_type, evidence, old_person_id, new_person_id "
        "from marts.identity_change__event order by all"
    )
    assert found == [
        ("d4", 2, "merge", "sign-in on a device", "anon:d4", "ann"),
        ("d4", 3, "split", "several people on a device", "ann", "anon:d4"),
        # The id that a server sent is a user's, as came out two days later.
        ("kim", 3, "merge", "sign-in on a device", "anon:kim", "kim"),
    ]
