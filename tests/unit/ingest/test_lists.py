"""Complete lists whose rows say what they list and when: one that lost half is refused.

What a list lacks is gone in the warehouse (`tests/sql/test_vanished.py`), so each of its scopes is
held against the same one before it. Lists that tell their day by their name: `test_snapshots.py`.
"""

from __future__ import annotations

import io
import zipfile
from collections import Counter

import pytest

from ingest.ledger import open_rejections, read_manifests
from ingest.load import ingest
from ingest.replay import replay
from tests.unit.ingest.conftest import Place, loaded, rejected

FORUM = r"""
sources:
  - name: forum
    files: "*.csv"
    reader: {kind: csv}
    parts:
      - contract: tickets
        fields:
          ticket_id: id
          status: {const: open}
          version_at: made
          created_at: made
          updated_at: made
      - contract: listed_rows
        fields: {contract: {const: tickets}, scope: board, item_id: id, listed_at: made}
"""
SEATS = r"""
sources:
  - name: badges
    files: "*.csv"
    reader: {kind: csv}
    contract: tool_seats
    fields:
      tool_id: tool
      snapshot_on: {path: day, as: date}
      member_ref: id
      is_billable: {const: true}
      is_active_member: {const: true}
      activity_evidence: {const: L0}
"""


def questions(hour: int, **counts: int) -> str:
    """A list of boards with so many questions each."""
    rows = [f"{board}{n},{board},2026-05-01T{hour}:00:00Z"
            for board, count in counts.items() for n in range(count)]  # fmt: skip
    return "\n".join(["id,board,made", *rows, ""])


def listed(place: Place) -> dict[tuple[str, int], int]:
    """Questions by board and hour."""
    return dict(Counter(place.rows("listed_rows", "scope, hour(listed_at)")))


@pytest.fixture
def forum(make_place) -> Place:
    return make_place(FORUM)


def test_half_is_enough_and_less_is_refused_with_both_numbers(forum) -> None:
    loaded(forum.land("a.csv", questions(12, sales=10)))
    loaded(forum.land("b.csv", questions(13, sales=5)))
    outcome = forum.land("c.csv", questions(14, sales=2))
    rejected(outcome, "shrunken_snapshot", "2 of tickets sales", "drop/b.csv", "has 5",
             "ingest --force-snapshot c.csv")  # fmt: skip
    assert listed(forum) == {("sales", 12): 10, ("sales", 13): 5}
    assert len(forum.rows("tickets")) == 15
    assert [r.path for r in open_rejections(forum.workspace)] == ["drop/c.csv"]
    assert forum.run().files == ()


def test_forced_in_it_counts_is_noted_and_not_asked_about_again(forum) -> None:
    loaded(forum.land("a.csv", questions(12, sales=10)))
    forum.land("b.csv", questions(13, sales=1))
    report = ingest(forum.workspace, force_snapshot="b.csv")
    assert [f.status for f in report.files] == ["loaded"]
    (note,) = [m.detail for m in read_manifests(forum.workspace.lake) if m.path == "drop/b.csv"]
    assert note.startswith("taken in by force: 1 of tickets sales where the list before it")
    settings = forum.home / "productops.yml"
    settings.write_text(settings.read_text().replace("{const: open}", "{const: solved}"))
    assert len(replay(forum.workspace, "forum").reopened) == 2
    assert {f.status for f in forum.run().files if f.path.startswith("drop/")} == {"loaded"}
    assert listed(forum) == {("sales", 12): 10, ("sales", 13): 1}


def test_each_scope_is_held_against_itself(forum) -> None:
    loaded(forum.land("a.csv", questions(12, sales=10, help=10)))
    # There are more of them than before: 30 and 4.
    outcome = forum.land("b.csv", questions(13, sales=30, help=4))
    rejected(outcome, "shrunken_snapshot", "4 of tickets help", "has 10")
    # A board that a list has nothing of says nothing, and a new one has nothing before it.
    loaded(forum.land("c.csv", questions(13, sales=30, news=1)))


def test_one_of_those_that_come_together_is_refused_alone(forum) -> None:
    for name, text in {"a": questions(12, sales=10), "b": questions(13, sales=4),
                       "c": questions(14, sales=9)}.items():  # fmt: skip
        forum.drop(f"{name}.csv", text)
    found = {f.path: f.status for f in forum.run().files if f.path.startswith("drop/")}
    assert found == {"drop/a.csv": "loaded", "drop/b.csv": "rejected", "drop/c.csv": "loaded"}


def test_small_files_that_share_their_statements_are_told_apart(make_place) -> None:
    place = make_place(FORUM.replace("csv", "ndjson"))
    for hour, count in {12: 10, 13: 4, 14: 9}.items():
        text = "".join(f'{{"id": "{n}", "board": "sales", "made": "2026-05-01T{hour}:00:00Z"}}\n'
                       for n in range(count))  # fmt: skip
        place.drop(f"{hour}.ndjson", text)
    place.run()
    assert listed(place) == {("sales", 12): 10, ("sales", 14): 9}


def test_a_late_list_is_held_against_the_ones_on_both_sides(forum) -> None:
    loaded(forum.land("last.csv", questions(18, sales=2)))
    # All but two of its ten questions would be gone at once.
    outcome = forum.land("first.csv", questions(12, sales=10))
    rejected(outcome, "shrunken_snapshot", "10 of tickets sales", "after it (drop/last.csv) has 2")
    loaded(forum.land("other.csv", questions(12, sales=4)))
    assert listed(forum) == {("sales", 18): 2, ("sales", 12): 4}
    ingest(forum.workspace, force_snapshot="first.csv")
    # That the last one is short is known by now, and nothing that this one brings.
    loaded(forum.land("middle.csv", questions(15, sales=9)))


def test_a_list_that_comes_again_in_other_bytes_counts_once(make_place, forum) -> None:
    loaded(forum.land("a.csv", questions(12, sales=10)))
    loaded(forum.land("b.csv", questions(13, sales=8)))
    # It would have 20 rows, and the one after it less than half of them.
    again = loaded(forum.land("again.csv", questions(12, sales=10) + "\n"))
    assert (again["in"], again["duplicate"]) == (10, 10)
    assert len(listed(forum)) == 2

    # Seats that are told anew, of the same day: 10 of them, of which 9 are left a day later.
    place = make_place(SEATS + "      last_active_at: {path: seen, as: timestamp}\n", "other")
    for name, day, count in [("a", 1, 10), ("b", 1, 10), ("c", 2, 9)]:
        rows = [f"lift,2026-05-0{day},{n},2026-04-30T09:00:0{name == 'b':d}Z" for n in range(count)]
        place.drop(f"{name}.csv", "\n".join(["tool,day,id,seen", *rows, ""]))
    assert {f.path: f.status for f in place.run().files}["drop/c.csv"] == "loaded"
    assert len(place.rows("tool_seats")) == 29


def test_what_was_withdrawn_is_no_measure(forum) -> None:
    from ingest.ledger import withdraw

    forum.land("a.csv", questions(12, sales=40))
    withdraw(forum.workspace, "a.csv", "another forum's")
    assert loaded(forum.land("b.csv", questions(13, sales=3)))["loaded"] == 3


def test_a_list_in_an_archive_is_forced_by_the_archive_s_name(forum) -> None:
    loaded(forum.land("a.csv", questions(12, sales=10)))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("b.csv", questions(13, sales=1))
    forum.drop("all.zip", packed.getvalue())
    (outcome,) = [f for f in forum.run().files if f.path.endswith("b.csv")]
    rejected(outcome, "shrunken_snapshot", "--force-snapshot all.zip`")
    report = ingest(forum.workspace, force_snapshot="all.zip")
    assert [f.status for f in report.files] == ["loaded"]


def test_seats_of_a_list_that_tells_its_day_in_a_column_are_held_alike(make_place) -> None:
    def seats(day: int, **counts: int) -> str:
        rows = [f"{tool},2026-05-0{day},{n}" for tool, count in counts.items()
                for n in range(count)]  # fmt: skip
        return "\n".join(["tool,day,id", *rows, ""])

    place = make_place(SEATS)
    loaded(place.land("a.csv", seats(1, lift=10, gate=10)))
    rejected(place.land("b.csv", seats(2, lift=12, gate=3)), "shrunken_snapshot", "3 of gate")
    loaded(place.land("c.csv", seats(2, lift=5, gate=5)))
