"""Member lists that lose more than half of their rows are held back, unless forced in."""

from __future__ import annotations

import pytest

from ingest.ledger import open_rejections, read_manifests
from ingest.load import ingest
from ingest.store import LakeError
from tests.unit.ingest.conftest import loaded, rejected


def members(count: int) -> str:
    rows = (f"m{n},m{n}@corp.test,Member,1,1,0,U{n},M {n},m{n}," for n in range(count))
    head = "username,email,status,billing-active,has-2fa,has-sso,userid,fullname,displayname,"
    return "\n".join([f"{head}expiration-timestamp", *rows, ""])


def days(place) -> list[tuple[str, int]]:
    columns = "cast(snapshot_on as varchar), count(*)"
    return place.rows("tool_seats", columns, "group by 1 order by 1")


def test_half_is_enough_and_less_is_refused_with_both_numbers(place) -> None:
    place.land("slack-2026-05-01.csv", members(10))
    assert loaded(place.land("slack-2026-05-02.csv", members(5)))["loaded"] == 5
    outcome = place.land("slack-2026-05-03.csv", members(2))
    rejected(outcome, "shrunken_snapshot", "2 tool_seats", "5", "slack-2026-05-02.csv", "--force")
    assert days(place) == [("2026-05-01", 10), ("2026-05-02", 5)]
    assert [r.path for r in open_rejections(place.workspace)] == ["drop/slack-2026-05-03.csv"]
    # It is not tried again and again.
    assert place.run().files == ()


def test_forced_in_it_counts_and_the_ledger_says_so(place) -> None:
    place.land("slack-2026-05-01.csv", members(10))
    place.land("slack-2026-05-02.csv", members(3))
    report = ingest(place.workspace, force_snapshot="slack-2026-05-02.csv")
    assert [f.status for f in report.files] == ["loaded"]
    assert days(place) == [("2026-05-01", 10), ("2026-05-02", 3)]
    (forced,) = [m for m in read_manifests(place.workspace.lake) if "force" in m.detail]
    assert (forced.status, "10" in forced.detail) == ("loaded", True)
    assert open_rejections(place.workspace) == []
    # From now on the smaller one is what the next is held against.
    assert loaded(place.land("slack-2026-05-03.csv", members(2)))["loaded"] == 2


def test_a_late_snapshot_is_held_against_the_one_before_it_not_the_one_landed_before(place) -> None:
    place.land("slack-2026-05-01.csv", members(4))
    place.land("slack-2026-05-09.csv", members(100))
    assert loaded(place.land("slack-2026-05-05.csv", members(5)))["loaded"] == 5
    rejected(place.land("slack-2026-05-06.csv", members(2)), "shrunken_snapshot", "has 5")


def test_lists_of_a_tool_that_come_together_are_each_held_against_themselves(place) -> None:
    for day in (1, 2):
        for name, count in {"apac": 2, "emea": 40}.items():
            outcome = place.land(f"slack-{name}-2026-05-0{day}.csv", members(count))
            assert outcome.status == "loaded"


def test_a_list_of_another_name_is_held_against_the_list_that_it_takes_the_place_of(place) -> None:
    place.land("slack-2026-05-01.csv", members(40))
    outcome = place.land("members-2026-05-02.csv", members(2))
    rejected(outcome, "shrunken_snapshot", "2 of slack", "drop/slack-2026-05-01.csv", "has 40")
    assert loaded(place.land("all-2026-05-02.csv", members(20)))["loaded"] == 20


@pytest.mark.parametrize("name", ["slack-2026-05-02 (1).csv", "slack-2026-05-02-9c1fe07.csv"])
def test_a_list_is_known_again_by_its_name_but_for_ids_and_second_downloads(place, name) -> None:
    before = "slack-2026-05-01-3fa2b9.csv" if "9c1fe07" in name else "slack-2026-05-01.csv"
    place.land(before, members(100))
    rejected(place.land(name, members(2)), "shrunken_snapshot", "2 tool_seats", "has 100")


def test_a_list_of_nobody_is_refused_too(place) -> None:
    assert place.land("slack-2026-04-30.csv", members(0)).status == "loaded"
    place.land("slack-2026-05-01.csv", members(100))
    rejected(place.land("slack-2026-05-02.csv", members(0)), "shrunken_snapshot", "has 100")


def test_pages_of_one_list_are_held_together_against_those_of_the_day_before(place) -> None:
    def land(day: int, *counts: int) -> list[str]:
        names = [f"slack-2026-05-0{day}_page{n}.csv" for n in range(1, len(counts) + 1)]
        found = zip(names, counts, strict=True)
        return [place.land(name, members(count)).status for name, count in found]

    assert land(1, 100, 100, 7) == 3 * ["loaded"]
    assert land(2, 100, 100, 3) == 3 * ["loaded"]
    # 102 of 200 rows are half of them; 40 of 100 are not.
    assert land(3, 100, 2) == 2 * ["loaded"]
    assert land(4, 40) == ["rejected"]
    assert land(5, 60, 60, 60, 60) == 4 * ["loaded"]


def test_what_is_dated_by_its_name_and_lists_nobody_may_be_as_short_as_it_likes(place) -> None:
    """Nobody is gone because a day's mapping of ids lacks them."""
    for day, count in {1: 100, 2: 3}.items():
        text = "".join(f'{{"distinct_id": "d{n}", "resolved_distinct_id": "u{n}"}}\n'
                       for n in range(count))  # fmt: skip
        assert place.land(f"mappings-2026-05-0{day}.json", text).status == "loaded"


def test_what_was_withdrawn_is_no_measure(place) -> None:
    from ingest.ledger import withdraw

    place.land("slack-2026-05-01.csv", members(40))
    withdraw(place.workspace, "slack-2026-05-01.csv", "wrong workspace")
    assert loaded(place.land("slack-2026-05-02.csv", members(3)))["loaded"] == 3


@pytest.mark.parametrize("wanted", ["nothing.csv", "drop/other/slack.csv"])
def test_forcing_what_is_not_there_is_told(place, wanted) -> None:
    place.drop("slack-2026-05-01.csv", members(3))
    with pytest.raises(LakeError, match="0 files in drop/"):
        ingest(place.workspace, force_snapshot=wanted)
