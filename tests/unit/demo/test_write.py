"""Same seed, same bytes; headers as the vendors'; clear errors. Truths: see `test_truth`."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from demo import DemoError, write_company
from demo.__main__ import main
from demo.company import make_accounts
from demo.people import make_people
from demo.support import make_tickets
from ingest.config import parse_config
from ingest.fingerprints import fingerprint, recognise


def prints(home: Path) -> dict[str, tuple[str, int]]:
    """Hash and time of every file."""
    return {
        path.relative_to(home).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            0 if path.name == "truth.json" else int(path.stat().st_mtime),
        )
        for path in home.rglob("*") if path.is_file()
    }  # fmt: skip


def test_same_seed_same_bytes(company: Path, tmp_path: Path) -> None:
    first = prints(company)
    assert main([str(tmp_path / "again")]) == 0
    assert prints(tmp_path / "again") == first
    # The 177 days here and, east of Greenwich, the evening before.
    assert sum("segment-logs" in path for path in first) == 178


def test_another_seed_is_another_company_of_the_same_kind() -> None:
    companies = {}
    for seed in (7, 8):
        accounts = make_accounts(seed, 1)
        people = make_people(seed, 1, accounts)
        tickets = make_tickets(seed, 1, people, accounts)
        assert len(accounts) == 40
        assert 500 < len(people) < 900
        assert 750 < len(tickets) < 1_050
        companies[seed] = (accounts, people, tickets)
    for one, other in zip(companies[7], companies[8], strict=True):
        assert not set(map(repr, one)) & set(map(repr, other))


def test_twice_the_size_is_twice_the_accounts() -> None:
    accounts = make_accounts(7, 2)
    assert len({a.account_id for a in accounts}) == 80
    assert len({a.domain for a in accounts}) == 80


def test_every_file_is_recognised_but_the_planted_one(company: Path, truth: dict[str, Any]) -> None:
    found: dict[str, int] = {}
    for path in company.rglob("*"):
        if path.is_file() and path.name != "truth.json":
            kind, tokens = fingerprint(path, path.suffix)
            known = recognise(path.name, kind, tokens, ())
            name = known.format.name if known.format else "unknown"
            found[name] = found.get(name, 0) + 1
    assert found == truth["ledger"]["files"]
    assert found["unknown"] == 1


def test_config_is_valid_and_freezes_the_clock(company: Path) -> None:
    path = company / "productops.yml"
    config = parse_config(path.read_text(), path)
    assert config.org.name == "Harborline"
    assert config.org.as_of is not None
    assert config.org.as_of.isoformat() == "2026-06-30T12:00:00+00:00"


@pytest.mark.parametrize(
    ("path", "header"),
    [
        (
            "slack/slack-harborline-members-2026-03-31.csv",
            "username,email,status,billing-active,has-2fa,has-sso,userid,fullname,displayname,expiration-timestamp",
        ),
        (
            "figma/Harborline_members_2026-03-31.csv",
            "Name,Email,Role,Seat,Date added,Job title,Teams,Last edit,Last Seen",
        ),
        (
            "invoices/invoices_2026-03.csv",
            "Invoice Number,Vendor,Invoice Date,Due Date,Description,Amount,Currency,Category,"
            "Department,Status",
        ),
    ],
)
def test_headers_are_the_vendors(company: Path, path: str, header: str) -> None:
    data = (company / "drop" / path).read_bytes()
    assert data.split(b"\r\n")[0].decode() == header
    widths = {len(row) for row in csv.reader(data.decode().splitlines())}
    assert widths == {header.count(",") + 1}


def test_snapshots_differ_from_month_to_month(company: Path) -> None:
    """The same bytes under another date would be a repeated file, not a new snapshot."""
    for tool in ("slack", "figma", "atlassian"):
        files = list((company / "drop" / tool).iterdir())
        assert len({path.read_bytes() for path in files}) == len(files) == 6


def test_qualtrics_has_three_header_rows_and_line_breaks_in_cells(company: Path) -> None:
    with (company / "drop/qualtrics/Customer NPS_2026-06-30.csv").open(newline="") as handle:
        rows = list(csv.reader(handle))
    assert rows[0][:4] == ["StartDate", "EndDate", "Status", "IPAddress"]
    assert json.loads(rows[2][7]) == {"ImportId": "recordedDate", "timeZone": "Z"}
    assert any("\n" in row[-1] for row in rows[3:])
    assert {len(row) for row in rows} == {len(rows[0])}


def test_segment_lines_carry_the_four_times_and_gzip_no_date(company: Path) -> None:
    path = next(iter(sorted((company / "drop/segment-logs").rglob("*.gz"))))
    assert path.read_bytes()[4:8] == b"\0\0\0\0"
    calls = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    kinds = {call["type"] for call in calls}
    assert {"track", "page", "identify", "group"} <= kinds
    for call in calls:
        assert {"messageId", "originalTimestamp", "receivedAt", "timestamp", "context"} <= set(call)
        assert call["receivedAt"][:10] == f"{path.name[:4]}-{path.name[4:6]}-{path.name[6:8]}"


def test_zendesk_pages_end_with_the_end_of_the_stream(company: Path) -> None:
    for stem in ("incremental_tickets", "ticket_events"):
        by_export: dict[str, list[bool]] = {}
        for path in sorted((company / "drop/zendesk").glob(f"{stem}_*.json")):
            document = json.loads(path.read_text())
            by_export.setdefault(path.name.split("_page_")[0], []).append(document["end_of_stream"])
        assert len(by_export) == 6
        assert all(ends[-1] and not any(ends[:-1]) for ends in by_export.values())


@pytest.mark.parametrize("size", [0, -1, 51])
def test_sizes_without_sense_are_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(DemoError, match="whole number from 1"):
        write_company(tmp_path / "home", size=size)
    assert not (tmp_path / "home").exists()


def test_nothing_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    assert main([str(tmp_path)]) == 1
    assert "is not empty; name a new or empty folder" in capsys.readouterr().err
    with pytest.raises(DemoError, match="is a file"):
        write_company(tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
