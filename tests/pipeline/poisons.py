"""Bad files, put into a company's drop folder.

Belongs here: exports that must not be published. Does not belong here: what becomes of them.
"""

from __future__ import annotations

import gzip
from pathlib import Path

from tests.pipeline.conftest import events_of


def truncated(home: Path) -> Path:
    """A download that broke off."""
    source = events_of(home)[-1]
    target = source.with_name("2026-01-29.json.gz")
    whole = gzip.compress(gzip.decompress(source.read_bytes()) * 3)
    target.write_bytes(whole[: len(whole) // 2])
    return target


def without_a_column(home: Path) -> Path:
    """A member list exported without the column that says who it is about."""
    source = sorted((home / "drop" / "slack").glob("*.csv"))[-1]
    header, *rows = source.read_text().splitlines()
    place = header.split(",").index("userid")
    cut = [",".join(c for n, c in enumerate(r.split(",")) if n != place) for r in [header, *rows]]
    target = source.with_name("slack-members-2026-07-31.csv")
    target.write_text("\n".join(cut))
    return target


def mostly_garbage(home: Path) -> Path:
    """A log of which a tenth of the lines is no JSON."""
    source = events_of(home)[-1]
    lines = gzip.decompress(source.read_bytes()).splitlines()
    fresh = [line.replace(b'"messageId":"', b'"messageId":"x') for line in lines]
    broken = [b"<html>502 Bad Gateway</html>"] * (len(fresh) // 10)
    target = source.with_name("2026-01-30.json.gz")
    target.write_bytes(gzip.compress(b"\n".join([*fresh, *broken]) + b"\n"))
    return target
