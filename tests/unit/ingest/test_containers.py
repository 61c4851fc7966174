"""Exports that hold exports (zip, workbooks), Parquet, and logs without a header."""

from __future__ import annotations

import io
import json
import math
import os
import struct
import zipfile
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest import ledger
from tests.unit.ingest.conftest import loaded, packed, rejected
from tests.unit.ingest.test_formats import SLACK, key
from tests.unit.ingest.test_formats_events import AMPLITUDE
from tests.unit.ingest.test_formats_vendors import SALESFORCE

NOON = datetime(2026, 5, 1, 12)
COUNTED = "group by all order by all nulls first"
SHOP = (
    "sources:\n  - name: shop\n    files: 'shop/*.parquet'\n    contract: usage_events\n"
    "    reader: {{kind: ndjson}}\n    fields: {{event_id: {id}, event_name: what, "
    "event_type: {{const: track}}, user_id: who{more}}}\n    clock: {{timestamp: at}}\n"
)


def zipped(members: dict[str, str | bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def hours(*ids: str) -> dict[str, str | bytes]:
    """An Amplitude export: a zip of gzipped lines, one file an hour."""
    return {
        f"100/100_2026-05-01_{number}#1.json.gz": packed(AMPLITUDE | {"$insert_id": name})
        for number, name in enumerate(ids)
    }


class TestZip:
    def test_every_member_is_a_delivery_of_its_own(self, place) -> None:
        noise = {"__MACOSX/x": b"junk", "100/.DS_Store": b"junk"}
        place.drop("amplitude.zip", zipped(hours("i-1", "i-2") | noise))
        place.run()
        assert place.rows("usage_events", "event_id", "order by 1") == [("i-1",), ("i-2",)]
        batches = [b for b in ledger.read_batches(place.workspace.lake) if b.source == "amplitude"]
        assert {(b.source_file, b.rows_loaded) for b in batches} == {
            ("drop/amplitude.zip/100/100_2026-05-01_0#1.json.gz", 1),
            ("drop/amplitude.zip/100/100_2026-05-01_1#1.json.gz", 1),
        }
        # Nothing is left of the unpacking.
        assert not [p for p in (place.home / "lake/tmp").rglob("*") if p.is_file()]

    def test_again_is_a_no_op_and_a_longer_archive_brings_only_what_is_new(self, place) -> None:
        place.drop("amplitude.zip", zipped(hours("i-1")))
        place.run()
        assert [f.path for f in place.run().files] == []
        place.drop("amplitude.zip", zipped(hours("i-1", "i-2")))
        place.run()
        assert place.rows("usage_events", "event_id", "order by 1") == [("i-1",), ("i-2",)]

    def test_an_archive_in_an_archive(self, place) -> None:
        inner = zipped({"Account.csv": SALESFORCE["Account.csv"]})
        place.drop("export.zip", zipped({"WE_1.zip": inner, "Task.csv": SALESFORCE["Task.csv"]}))
        place.run()
        assert place.rows("accounts", "count(*)") == [(3,)]
        assert place.rows("feedback_notes", "count(*)") == [(1,)]

    def test_one_bad_member_is_told_by_its_name_and_the_others_load(self, place) -> None:
        members = hours("i-1") | {"100/cut.json.gz": packed(AMPLITUDE)[:-9], "100/x.bin": b"\0\1"}
        place.drop("amplitude.zip", zipped(members))
        outcomes = {Path(f.path).name: (f.status, f.reason) for f in place.run().files}
        assert outcomes["cut.json.gz"] == ("rejected", "gzip_truncated")
        assert outcomes["x.bin"][0] == "rejected"
        assert place.rows("usage_events", "event_id") == [("i-1",)]
        # It stays an open question as long as the archive lies there.
        open_paths = {r.path for r in ledger.open_rejections(place.workspace)}
        assert "drop/amplitude.zip/100/cut.json.gz" in open_paths
        (place.home / "drop/amplitude.zip").unlink()
        assert ledger.open_rejections(place.workspace) == []

    @pytest.mark.parametrize("cut", [10, 200, -30])
    def test_a_truncated_archive_brings_nothing(self, place, cut) -> None:
        outcome = place.land("amplitude.zip", zipped(hours("i-1", "i-2"))[:cut])
        rejected(outcome, "zip_damaged", "drop/amplitude.zip", "again")
        assert place.rows("usage_events", "count(*)") == [(0,)]

    def test_a_flipped_byte_brings_nothing(self, place) -> None:
        whole = bytearray(zipped(hours("i-1", "i-2")))
        # The second member's packed data begins after its local header.
        start = whole.rindex(b"PK\x03\x04")
        name_length, extra_length = struct.unpack("<HH", whole[start + 26 : start + 30])
        whole[start + 30 + name_length + extra_length + 40] ^= 0xFF
        rejected(place.land("amplitude.zip", bytes(whole)), "zip_damaged")
        assert place.rows("usage_events", "count(*)") == [(0,)]

    def test_an_empty_archive_is_told(self, place) -> None:
        rejected(place.land("nothing.zip", zipped({})), "empty_archive")

    def test_an_encrypted_one_is_told(self, place) -> None:
        whole = bytearray(zipped({"a.json": "{}"}))
        for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            whole[whole.index(magic) + offset] |= 1
        rejected(place.land("secret.zip", bytes(whole)), "zip_encrypted", "password")


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    """A workbook as Office Open XML, written by hand: text inline, numbers as they are."""
    rows_of = {
        name: "".join("<row>" + "".join(_cell(value) for value in row) + "</row>" for row in rows)
        for name, rows in sheets.items()
    }
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>'
        for n, name in enumerate(rows_of, start=1)
    )
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{links}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(rows_of) + 1)
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>'
        for n in range(1, len(rows_of) + 1)
    )
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
            'relationships+xml"/><Override PartName="/xl/workbook.xml" '
            f'ContentType="{kind}.sheet.main+xml"/>{parts}</Types>',
            "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship '
            f'Id="rId1" Type="{links}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{links}">'
            f"<sheets>{listed}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
            f"{related}</Relationships>",
        }
        | {
            f"xl/worksheets/sheet{n}.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}'
            "</sheetData></worksheet>"
            for n, rows in enumerate(rows_of.values(), start=1)
        }
    )


def _cell(value: object) -> str:
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{value}</t></is></c>'


INVOICES = [
    ["Invoices of May", "", "", "", "", ""],
    [],
    ["Invoice number", "Vendor", "Invoice date", "Amount", "Currency", "Status"],
    ["I-1", "Figma", "2026-05-01", 1234.56, "EUR", "Paid"],
    ["I-2", "Figma", "2026-05-02", 100, "USD", "Paid"],
    ["Total", "", "", 1334.56, "", ""],
]


class TestWorkbook:
    def test_a_sheet_is_read_from_its_header_on_and_lines_are_its_rows(self, place) -> None:
        place.drop("invoices.xlsx", workbook({"May": INVOICES, "Empty": [[""]]}))
        place.run()
        columns = "spend_id, amount_minor, currency, source_file, source_line"
        path = "drop/invoices.xlsx/May.csv"
        assert place.rows("tool_spend", columns, "order by 1") == [
            ("I-1", 123456, "EUR", path, 4),
            ("I-2", 10000, "USD", path, 5),
        ]
        # The sheet's last row is a sum, no invoice.
        assert [row[:3] for row in place.quarantine()] == [(path, 6, "missing_vendor_name")]

    def test_each_filled_sheet_is_a_delivery(self, place) -> None:
        members = [line.split(",") for line in SLACK.replace('"Smith, Bob"', "Bob").splitlines()]
        book = workbook({"Invoices": INVOICES[2:5], "Slack": members})
        place.drop("admin_2026-05-02.xlsx", book)
        place.run()
        assert place.rows("tool_spend", "count(*)") == [(2,)]
        assert place.rows("tool_seats", "snapshot_on, count(*)", "group by 1") == [
            (date(2026, 5, 2), 2)
        ]

    def test_a_damaged_workbook_is_told(self, place) -> None:
        whole = zipped({"xl/workbook.xml": "<workbook", "[Content_Types].xml": "x"})
        rejected(place.land("book.xlsx", whole), "workbook_damaged", "CSV")

    def test_a_damaged_sheet_of_a_sound_workbook_is_told(self, place) -> None:
        book = workbook({"May": INVOICES})
        name = b"xl/worksheets/sheet1.xml"
        inside = book.index(name) + len(name) + 4
        rejected(
            place.land("book.xlsx", book[:inside] + b"\xff" * 24 + book[inside + 24 :]),
            "workbook_damaged", "CSV",
        )  # fmt: skip


class TestParquet:
    def _write(self, rows: list[dict]) -> bytes:
        target = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), target)
        return target.getvalue()

    def test_posthog_properties_are_text_that_holds_json(self, place) -> None:
        row = {
            "uuid": "p-1", "event": "report exported", "distinct_id": "u-1", "person_id": "018f",
            "properties": json.dumps({"$user_id": "u-1", "$device_id": "d-1", "rows": 4}),
            "timestamp": NOON, "created_at": NOON,
        }  # fmt: skip
        outcome = place.land("batch.parquet", self._write([row, row | {"uuid": "p-2"}, row]))
        assert loaded(outcome) == {"in": 3, "loaded": 2, "duplicate": 1, "quarantined": 0}
        columns = "event_id, user_id, anonymous_id, occurred_at, source_line"
        assert place.rows("usage_events", columns, "order by 1") == [
            ("p-1", "u-1", "d-1", NOON, 1),
            ("p-2", "u-1", "d-1", NOON, 2),
        ]

    def test_any_parquet_by_a_mapping(self, make_place) -> None:
        place = make_place(SHOP.format(id="id", more=""))
        rows = [{"id": 7, "what": "order", "who": "u-1", "at": NOON},
                {"id": 8, "what": None, "who": "u-1", "at": NOON}]  # fmt: skip
        assert loaded(place.land("shop/a.parquet", self._write(rows)))["loaded"] == 1
        assert [row[1:3] for row in place.quarantine()] == [(2, "missing_event_name")]

    def test_the_folders_it_is_kept_in_are_no_columns_of_it(self, make_place) -> None:
        place = make_place(SHOP.format(id="{as: hash}", more=", platform: source, page_path: dt"))
        rows = [{"id": 1, "what": "order", "who": "u-1", "at": NOON},
                {"id": 2, "what": "order", "who": "u-1", "at": NOON}]  # fmt: skip
        own = [row | {"source": "ios", "dt": "home"} for row in rows]
        deliveries = [("a", rows), ("b", [*rows, rows[0] | {"id": 3}]), ("c", own)]
        for days, (file, content) in enumerate(deliveries):
            path = place.drop(f"shop/{file}.parquet", self._write(content))
            os.utime(path, (NOON.timestamp() + days * 86400,) * 2)
            place.run()
        # A record without an id is told by what it says, on whatever day it comes again.
        assert place.rows("usage_events", "platform, page_path, count(*)", COUNTED) == [
            (None, None, 3), ("ios", "home", 2),
        ]  # fmt: skip

    def test_whole_numbers_and_gaps_of_data_frames_are_ids_and_none(self, make_place) -> None:
        place = make_place(SHOP.format(id="id", more=", session_id: score"))
        rows = [{"id": n, "what": "order", "who": who, "score": score, "at": NOON}
                for n, who, score in ((1, 7.0, 0.5), (2, 8.0, math.inf),
                                      (3, math.nan, 2.0**60))]  # fmt: skip
        assert loaded(place.land("shop/a.parquet", self._write(rows)))["loaded"] == 2
        columns = "event_id, user_id, session_id"
        assert place.rows("usage_events", columns, "order by 1") == [
            ("1", "7", "0.5"), ("2", "8", None),
        ]  # fmt: skip
        assert [row[1:3] for row in place.quarantine()] == [(3, "no_actor")]

    def test_a_damaged_file_is_told(self, place) -> None:
        whole = self._write([{"uuid": "p-1"}])
        rejected(place.land("a.parquet", whole[:-20]), "parquet_damaged", "again")


def test_a_seat_is_of_one_person(place) -> None:
    """Ids of members are the same whether the export came as CSV or in a workbook."""
    place.drop("a_2026-05-02.csv", SLACK)
    rows = [["username", "email", "status", "billing-active", "userid"],
            ["ann", "ann@corp.test", "Member", 1, "U1"]]  # fmt: skip
    place.drop("b_2026-05-03.xlsx", workbook({"Members": rows}))
    place.run()
    people = place.rows("tool_seats", "email_key, member_ref", "and member_ref = 'U1'")
    assert people == [(key("ann@corp.test"), "U1")] * 2
