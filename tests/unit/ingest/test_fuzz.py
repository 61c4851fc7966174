"""Exports with bytes changed at random: nothing crashes, nothing is lost, everything is named.

`make slow` tries five thousand damaged files, the default run a few hundred.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.ledger import read_batches, read_manifests
from tests.unit.ingest.conftest import Place, event, lines, new_home, packed
from tests.unit.ingest.test_containers import INVOICES, hours, workbook, zipped
from tests.unit.ingest.test_formats import OKTA, SLACK, TICKET
from tests.unit.ingest.test_formats_delivery import INCIDENT, ISSUE, JIRA, JIRA_CSV, PULL, _jira
from tests.unit.ingest.test_formats_events import AMPLITUDE, RUDDER, _mixpanel, _posthog
from tests.unit.ingest.test_formats_notes import CALL, CALLS, IDEAS, INTERVIEW
from tests.unit.ingest.test_formats_people import LINEAR
from tests.unit.ingest.test_formats_people import OKTA as APP_USER
from tests.unit.ingest.test_formats_reports import REPORT
from tests.unit.ingest.test_formats_tools import MEMBERS
from tests.unit.ingest.test_formats_vendors import CONVERSATION, FRESH, LAUNCH, SALESFORCE
from tests.unit.ingest.test_snowplow import _snowplow

PER_RUN = 10
LINE_FORMATS = {"segment", "rudderstack", "mixpanel", "snowplow"}


def _parquet() -> bytes:
    target = io.BytesIO()
    rows = [_posthog(f"p-{n}", "$pageview") for n in range(3)]
    flat = [row | {"properties": json.dumps(row["properties"])} for row in rows]
    pq.write_table(pa.Table.from_pylist(flat), target)
    return target.getvalue()


CORPUS: dict[str, bytes] = {
    "segment.json": lines(*(event(n) for n in range(4))).encode(),
    "segment.json.gz": packed(*(event(n) for n in range(4))),
    "array.json": json.dumps([event(n) for n in range(4)], indent=1).encode(),
    "rudder.json": lines(RUDDER).encode(),
    "posthog.jsonl": lines(_posthog("p-1", "$pageview"), _posthog("p-2", "x")).encode(),
    "amplitude.zip": zipped(hours("i-1", "i-2")),
    "amplitude.json": lines(AMPLITUDE).encode(),
    "mixpanel.jsonl": lines(_mixpanel(1), _mixpanel(2)).encode(),
    "snowplow.tsv": f"{_snowplow()}\n{_snowplow(event_id='s-2')}\n".encode(),
    "posthog.parquet": _parquet(),
    "zendesk.json": json.dumps({"tickets": [TICKET], "end_of_stream": True}).encode(),
    "intercom.json": json.dumps({"conversations": [CONVERSATION]}).encode(),
    "freshdesk.json": json.dumps([FRESH, FRESH | {"id": 32}]).encode(),
    "salesforce.csv": SALESFORCE["Task.csv"].encode(),
    "accounts.csv": SALESFORCE["Account.csv"].encode(),
    "slack.csv": SLACK.encode(),
    "slack16.csv": SLACK.encode("utf-16"),
    "google.csv": MEMBERS[1][1].encode(),
    "invoices.xlsx": workbook({"May": INVOICES}),
    "okta.json": json.dumps([OKTA]).encode(),
    "exposures.jsonl": lines(LAUNCH).encode(),
    "jira.json": _jira(JIRA).encode(),
    "jira.csv": JIRA_CSV.encode(),
    "junit.xml": REPORT.encode(),
    "release.yml": b"kind: release\nrelease_id: r-1\nreleased_at: 2026-05-01T00:00:00Z\n",
    "note.md": CALL.encode(),
    "interview.md": INTERVIEW.encode(),
    "gong.json": json.dumps(CALLS).encode(),
    "ideas.csv": IDEAS.encode(),
    "pagerduty.json": json.dumps({"incidents": [INCIDENT], "more": False}).encode(),
    "github.json": json.dumps([ISSUE, PULL]).encode(),
    "linear.json": json.dumps({"data": {"issues": {"nodes": [LINEAR]}}}).encode(),
    "okta_app_users.json": json.dumps([APP_USER]).encode(),
}


def _flip(data: bytearray, choose: random.Random) -> bytearray:
    for _ in range(choose.randint(1, 4)):
        if data:
            data[choose.randrange(len(data))] = choose.randrange(256)
    return data


def _cut(data: bytearray, choose: random.Random) -> bytearray:
    return data[: choose.randrange(len(data) + 1)]


def _drop(data: bytearray, choose: random.Random) -> bytearray:
    begin = choose.randrange(len(data) + 1)
    return data[:begin] + data[begin + choose.randint(1, 40) :]


def _twice(data: bytearray, choose: random.Random) -> bytearray:
    begin = choose.randrange(len(data) + 1)
    piece = data[begin : begin + choose.randint(1, 60)]
    return data[:begin] + piece + data[begin:]


def _insert(data: bytearray, choose: random.Random) -> bytearray:
    begin = choose.randrange(len(data) + 1)
    nasty = (b"\0", b"\n", b"\r", b'"', b"\xff\xfe", b"\xef\xbb\xbf", b"\\ud800", b"1e999", b"NaN",
             b"{", b"]", b",", b"\t", b"'", b"\x1f\x8b", b"null", "\u2028".encode())  # fmt: skip
    return data[:begin] + choose.choice(nasty) * choose.randint(1, 3) + data[begin:]


def _swap(data: bytearray, choose: random.Random) -> bytearray:
    half = choose.randrange(len(data) + 1)
    return data[half:] + data[:half]


CHANGES: tuple[Callable[[bytearray, random.Random], bytearray], ...] = (
    _flip, _cut, _drop, _twice, _insert, _swap,
)  # fmt: skip


def damaged(name: str, seed: int) -> bytes:
    """The export with one to three changes, the same for the same seed."""
    choose = random.Random(f"{name} {seed}")
    data = bytearray(CORPUS[name])
    for _ in range(choose.randint(1, 3)):
        data = choose.choice(CHANGES)(data, choose)
    return bytes(data)


def _filled_lines(data: bytes) -> int:
    text = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    return sum(1 for line in text.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip())


def check(place: Place, files: dict[str, bytes]) -> None:
    """Drops the files, takes them in and holds the ledger against the bytes."""
    for name, data in files.items():
        place.drop(name, data)
    report = place.run()  # asserts that every batch balances
    told = {outcome.path for outcome in report.files}
    manifests = {manifest.path: manifest for manifest in read_manifests(place.workspace.lake)}
    for name, data in files.items():
        path = f"drop/{name}"
        members = [found for found in told if found == path or found.startswith(f"{path}/")]
        assert members, f"{path}: nothing was said"
        for member in members:
            manifest = manifests[member]
            if manifest.status == "rejected":
                assert manifest.reason, manifest
                assert manifest.detail.startswith(member), manifest
                assert len(manifest.detail) > len(member) + 20, manifest
                continue
            is_log = manifest.format in LINE_FORMATS and manifest.status == "loaded"
            is_log &= "array" not in name
            if is_log and member == path:
                assert manifest.parts[0].rows_in == _filled_lines(data), (manifest, data)
    written = place.rows("usage_events", "count(*)")[0][0]
    batches = [b for b in read_batches(place.workspace.lake) if b.is_committed]
    assert written == sum(b.rows_loaded for b in batches if b.contract == "usage_events")
    set_aside = place.quarantine()
    assert len(set_aside) == sum(b.rows_quarantined for b in batches)
    for file, line, reason, raw in set_aside:
        assert file
        assert line >= 1
        assert reason
        assert raw is not None


CASES = st.lists(
    st.tuples(st.sampled_from(sorted(CORPUS)), st.integers(0, 10**9)),
    min_size=PER_RUN, max_size=PER_RUN, unique=True,
)  # fmt: skip


def _try(tmp: Path, template: Path, cases: list[tuple[str, int]]) -> None:
    home = tmp / f"{random.Random(str(cases)).getrandbits(64):x}"
    shutil.rmtree(home, ignore_errors=True)
    place = Place(new_home(home / "company"))
    # Making the tables' schemas takes longer than reading the files does.
    shutil.copytree(template, place.home / "lake")
    check(place, {f"{seed}-{name}": damaged(name, seed) for name, seed in cases})


_ALLOWED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=_ALLOWED)
@given(cases=CASES)
def test_damaged_exports(tmp_path, empty_lake, cases) -> None:
    _try(tmp_path, empty_lake, cases)


@pytest.mark.slow
@settings(max_examples=500, deadline=None, suppress_health_check=_ALLOWED)
@given(cases=CASES)
def test_five_thousand_damaged_exports(tmp_path, empty_lake, cases) -> None:
    _try(tmp_path, empty_lake, cases)


def test_a_blank_line_among_tabbed_ones_is_no_record(make_place) -> None:
    """Found by the five thousand."""
    name = "snowplow.tsv"
    check(make_place(), {name: damaged(name, 191576119)})


def test_the_undamaged_ones_load(make_place) -> None:
    """Or else the others would show nothing."""
    place = make_place()
    check(place, CORPUS)
    loaded = {m.path: m for m in read_manifests(place.workspace.lake) if m.status == "loaded"}
    expected = {name for name in CORPUS if name != "release.yml"}
    seen = {Path(path).relative_to("drop").parts[0] for path in loaded if path.startswith("drop/")}
    assert expected <= seen
