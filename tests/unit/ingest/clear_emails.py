"""Deliveries with clear e-mail addresses, and what is kept of them, for the tests of it.

Belongs here: the events, what the lake keeps apart read back, the hashes by Python's hmac. Does
not belong here: what must hold (each test says that itself).
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import duckdb
import pytest

from ingest.manifests import read_manifests
from tests.unit.ingest.conftest import CONFIG, HASH_KEY, Place, event

KEEP = "privacy: {keep_clear_emails: true}\n"
EVENTS = (
    event(1, userId=" Ann@Corp.test", anonymousId="web:bob@corp.test"),
    event(2, userId="u-2", traits={"email": "mailto:Cid@Corp.test "}, type="identify"),
    event(3, userId="dan%40corp.test", traits={"email": "nobody"}, type="identify"),
    "{broken eve@corp.test",
    event(4, userId="fay@corp.test", timestamp="never", originalTimestamp=None),
    event(5, userId="ann@corp.test", properties={"mail": "gus@corp.test"}),
    event(1, userId=" Ann@Corp.test", anonymousId="web:bob@corp.test"),
    event(6, userId="a-@-7", groupId="hal@corp.test"),
)


def key_of(address: str) -> str:
    return hmac.new(HASH_KEY.encode(), address.encode(), hashlib.sha256).hexdigest()


def kept(place: Place) -> list[tuple[str, str, int]]:
    """Address, file and line of all that is kept, each with the hash that belongs to it."""
    lake, found = place.home / "lake", []
    on_disk = {p.relative_to(lake).as_posix() for p in lake.glob("restricted/*/*/*/*")}
    manifests = read_manifests(lake)
    assert on_disk == {part.output for m in manifests for part in m.restricted}
    with duckdb.connect() as connection:
        for manifest in manifests:
            for part in manifest.restricted:
                rows = connection.execute(
                    "select email_key, email, source, batch_id, source_file, source_line, "
                    f"row_key, is_revision, extra from '{lake / part.output}'"
                ).fetchall()
                assert len(rows) == part.rows_loaded - part.rows_erased
                for key, email, source, batch_id, file, line, row_key, *rest in rows:
                    assert key == key_of(email)
                    assert row_key == int.from_bytes(
                        hashlib.md5(key.encode()).digest()[8:], "little"
                    )
                    assert (source, batch_id) == (manifest.source, part.batch_id)
                    assert (file, rest) == (manifest.path, [False, None])
                    found.append((email, file, line))
    return sorted(found)


def texts_of(lake: Path, apart: tuple[str, ...] = ("landing", "restricted")) -> str:
    """Bytes and values of all files but the raw copies and what is kept apart."""
    shown = ""
    files = [path for path in lake.rglob("*") if path.is_file()]
    with duckdb.connect() as connection:
        for path in files:
            if set(path.relative_to(lake).parts) & set(apart):
                continue
            shown += path.read_bytes().decode(errors="replace")
            if path.suffix == ".parquet" and path.name != "_schema.parquet":
                shown += str(connection.execute(f"from read_parquet('{path}')").fetchall())
    return shown.lower()


@pytest.fixture
def keeping(make_place) -> Place:
    return make_place(KEEP)


def turn_off(place: Place) -> None:
    (place.home / "productops.yml").write_text(CONFIG)
