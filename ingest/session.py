"""One run of ingest: the parser's connection, the ledger as it stands, the known keys.

Belongs here: what the files of a run share. Does not belong here: what is done with one file
(see `ingest.delivery`) or the order of things (see `ingest.load`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import duckdb

from ingest.arrivals import Arrival
from ingest.contracts import load_contracts
from ingest.erasures import load_erased, read_tokens, tokens_met
from ingest.formats import Format, from_source, load_formats, parser_digest
from ingest.framing import SPOOLS
from ingest.hash_key import check_key
from ingest.keys import KeyIndex
from ingest.lists import Lists
from ingest.manifests import (
    Manifest,
    PartOutcome,
    mark_withdrawn,
    read_manifests,
    read_reopened,
    withdrawn_ids,
)
from ingest.objects import Fetching
from ingest.privacy import install
from ingest.settings import Workspace
from ingest.store import temporary

MEMORY = "600MB"


class Session:
    """One run's connection, ledger and caches."""

    def __init__(self, workspace: Workspace, *, only_look: bool = False) -> None:
        """Reads the ledger and opens the parser; the caller holds the lake's lock."""
        self.workspace = workspace
        self.lake = workspace.lake
        self.mappings = [
            from_source(source, workspace.config_path, number)
            for number, source in enumerate(workspace.config.sources)
        ]
        self.reading_names = {f.name for f in [*load_formats(), *self.mappings] if f.reads_name}
        self.parser = parser_digest(workspace.config.sources)
        self.manifests = {m.entry_id: m for m in read_manifests(self.lake)}
        # Deliveries that wait to be landed again, by their entry, as the ledger had them before.
        self.reopened = {m.entry_id: m for m in read_reopened(self.lake)}
        self.withdrawn = withdrawn_ids(self.lake)
        self.connection = self._connect()
        check_key(self.lake, workspace.hash_key, only_look=only_look)
        self.erased = read_tokens(self.lake, workspace.hash_key)
        load_erased(self.connection, self.erased)
        committed = self._committed()
        self.index = KeyIndex(self.connection, committed)
        self.lists = Lists(self.connection, committed)
        # Paths of shrunken snapshots that are taken in all the same.
        self.forced: frozenset[str] = frozenset()
        # Told how many lines of the one file at hand were read, chunk by chunk.
        self.tell_lines: Callable[[int], object] = lambda _: None
        # The one source whose exports are asked for; all, if empty.
        self.asked = ""
        self.latest_at = (workspace.as_of_at() + timedelta(days=1)).replace(tzinfo=None)

    @property
    def keeps_addresses(self) -> bool:
        """Whether the company keeps the clear value of e-mail addresses."""
        return self.workspace.config.privacy.keep_clear_emails

    @cached_property
    def objects(self) -> Fetching:
        """Access to the drop bucket."""
        return Fetching(self.workspace)

    @property
    def spools(self) -> list[Path]:
        """Scratch files for the lines at hand: of a large file, or of some together."""
        return [temporary(self.lake / "tmp" / f"chunk-{number}") for number in range(SPOOLS)]

    def _connect(self) -> duckdb.DuckDBPyConnection:
        scratch = self.lake / "tmp"
        connection = duckdb.connect(
            config={
                "memory_limit": MEMORY,
                "temp_directory": str(scratch / "spill"),
                # Only so does the n-th row parsed stand for the n-th record of the file.
                "threads": 1,
                # Memory that is given back after each chunk has to be got again for the next.
                "allocator_flush_threshold": "4GB",
                "allocator_bulk_deallocation_flush_threshold": "8GB",
            }
        )
        connection.execute("set TimeZone = 'UTC'")
        install(connection, self.workspace.hash_key, self.workspace.config.privacy)
        return connection

    def _committed(self) -> dict[str, list[Path]]:
        files: dict[str, list[Path]] = {}
        for manifest in self.manifests.values():
            if manifest.status != "loaded" or manifest.entry_id in self.withdrawn:
                continue
            for part in manifest.parts:
                if part.output:
                    files.setdefault(part.contract, []).append(self.lake / part.output)
        return files

    def facts(self, arrival: Arrival, chosen: Format) -> dict[str, str]:
        """What the file's name and time tell, for the mapping."""
        match = chosen.file_pattern.search(arrival.name) if chosen.file_pattern else None
        facts = {
            "source": chosen.source,
            "file": arrival.relative,
            "title": arrival.title,
            "file_date": arrival.told_on.isoformat(),
            "born_on": self.workspace.config.org.product_born_on.isoformat(),
            "latest_at": self.latest_at.isoformat(sep=" "),
        }
        return facts | (match.groupdict() if match else {})

    def is_forced(self, arrival: Arrival) -> bool:
        """Whether a file, or the archive that it is of, is taken in whatever it lacks."""
        return bool({arrival.relative, arrival.archive} & self.forced)

    def committed(self, manifest: Manifest) -> None:
        """Takes note of a manifest that was just written."""
        self.manifests[manifest.entry_id] = manifest
        if manifest.is_state or manifest.status != "loaded":
            return
        contracts = load_contracts()
        for part in manifest.parts:
            if part.output:
                self.index.add(contracts[part.contract], self.lake / part.output)
                self.lists.add(contracts[part.contract], self.lake / part.output)

    def parts_before(self, entry_id: str) -> tuple[PartOutcome, ...]:
        """What a delivery held that is landed again, as the ledger had it before."""
        before = self.reopened.get(entry_id)
        return before.parts if before else ()

    def note_erased(self) -> None:
        """Takes note of ids by which erased people were just met for the first time."""
        key = self.workspace.hash_key
        self.erased = tokens_met(self.connection, self.lake, self.erased, key)

    def withdraw(self, manifest: Manifest, reason: str) -> None:
        """Takes a register's rows back."""
        mark_withdrawn(self.lake, manifest.entry_id, reason)
        self.withdrawn |= {manifest.entry_id}

    def registers(self) -> list[Manifest]:
        """Registers whose rows count at present, oldest first."""
        return [
            m
            for m in self.manifests.values()
            if m.is_state and m.status == "loaded" and m.entry_id not in self.withdrawn
        ]
