"""Which export a delivered file is, or why it is none.

Belongs here: what a file's head, the company's mappings and the ledger say of it together. Does not
belong here: how names are seen in a head (`ingest.fingerprints`), the formats (`ingest.formats`).
"""

from __future__ import annotations

from pathlib import Path

from ingest.arrivals import Arrival, series_of
from ingest.fingerprints import FEW_LINES, MANY_LINES, Recognition, fingerprint, recognise
from ingest.formats import Format, load_formats
from ingest.framing import head
from ingest.headers import MissingColumnError
from ingest.problems import DamagedFileError
from ingest.session import Session
from ingest.texts import decode

# All that is left of lines, or of a list, without their records.
_BARE = " \t\r\n[],"


def _changed(run: Session, arrival: Arrival, near: Recognition) -> tuple[Format, str, str] | None:
    """The export of which files of this name were loaded before, if it lacks one name only."""
    # Registers change as their owners please.
    known = {f.name: f for f in load_formats() if f.reader.kind == near.kind and not f.is_state}
    lacking = {name: missing[0] for name, missing in near.nearest if len(missing) == 1}
    for earlier in run.manifests.values():
        is_loaded = earlier.status == "loaded" and earlier.entry_id not in run.withdrawn
        if not is_loaded or earlier.format not in lacking.keys() & known.keys():
            continue
        if series_of(earlier.path) == series_of(arrival.relative):
            detail = (
                f"{arrival.relative}: no {lacking[earlier.format]!r}, by which {earlier.format} "
                f"is known and which {earlier.path} had. Export the file with it, or describe it "
                "under `sources:` in productops.yml"
            )
            return known[earlier.format], MissingColumnError.reason, detail
    return None


def _emptied(run: Session, arrival: Arrival, raw: Path) -> Format | None:
    """What a delivery was of which erasures left nothing by which that could be told."""
    before = run.reopened.get(arrival.entry_id)
    if before is None or decode(head(raw)).strip(_BARE):
        return None
    return next((f for f in (*run.mappings, *load_formats()) if f.name == before.format), None)


def recognised(run: Session, arrival: Arrival, raw: Path) -> tuple[Format | None, str, str]:
    """The format, or reason and detail of why the file is none, or not what it was."""
    if emptied := _emptied(run, arrival, raw):
        return emptied, "", ""
    expected = arrival.page.format if arrival.page else ""
    # A company's own mappings are for files that it drops.
    mappings = () if expected else run.mappings
    for lines in (FEW_LINES, MANY_LINES):
        try:
            kind, tokens = fingerprint(raw, arrival.suffix, lines)
        except DamagedFileError as error:
            return None, error.reason, f"{arrival.relative}: {error}"
        found = recognise(arrival.names, kind, tokens, mappings, expected)
        if found.format and (not expected or found.format.name == expected):
            return found.format, "", ""
    if found.format:
        detail = (
            f"{arrival.relative}: the API should have sent {expected}, but the page looks like "
            f"{found.format.name}. See to `base_url` and `streams` in productops.yml"
        )
        return None, "other_format", detail
    if not expected and (changed := _changed(run, arrival, found)):
        return changed
    nearest = "; ".join(
        f"{name} (missing: {', '.join(missing) or 'nothing, but another kind of file'})"
        for name, missing in found.nearest
    )
    detail = (
        f"{arrival.relative}: no known export. Nearest formats: {nearest or 'none'}. Export it in "
        "one of these shapes, or describe it under `sources:` in productops.yml"
    )
    return None, "unknown_format", detail
