"""Exports of lines: proof that each of them is whole.

Belongs here: what vendors with line exports share. Does not belong here: a vendor.
"""

from __future__ import annotations

import gzip
import json
import zlib

from ingest.http import UnprovenError


def packed_lines(body: bytes) -> bytes:
    """What gzip members laid end to end hold; raises `UnprovenError` where one is damaged."""
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise UnprovenError(f"the compressed lines are damaged ({error})") from error


def json_lines(body: bytes) -> list[bytes]:
    """The lines of a body, each proven to be an object; raises `UnprovenError` otherwise.

    The vendor made these lines itself, so a broken one means a broken transfer.
    """
    lines = [line for line in body.split(b"\n") if line.strip()]
    for number, line in enumerate(lines, start=1):
        try:
            is_object = isinstance(json.loads(line), dict)
        except ValueError:
            is_object = False
        except RecursionError:
            # It came whole, or it would be no JSON; who lands it sets it aside.
            is_object = True
        if not is_object:
            what = "a web page came" if line.lstrip()[:1] == b"<" else f"line {number} is broken"
            raise UnprovenError(f"{what}; the export was cut off or refused")
    return lines
