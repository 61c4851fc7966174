"""An erasure in words.

Belongs here: what was found, done and proved, as lines to print. Does not belong here: doing it
(`ingest.forget`, `ingest.absence`).
"""

from __future__ import annotations

import re

from ingest.absence import Scan, delivered
from ingest.forget import Erasure
from ingest.manifests import manifest_path, read_manifests
from ingest.settings import Workspace
from ingest.subjects import Subject, is_common

_SHOWN = 10


def told(found: Erasure, *, dry_run: bool = False) -> str:
    """Whom a purge was about, and what it took out (or would)."""
    subject = found.subject
    lines = [
        f"Known by: {len(subject.keys)} addresses, {len(subject.users - subject.keys)} user ids, "
        f"{len(subject.devices)} devices of their own, {len(subject.refs)} ids at vendors, "
        f"{len(subject.tickets)} tickets."
    ]
    if dry_run:
        lines += [f"  user id: {user}" for user in sorted(subject.users - subject.keys)[:_SHOWN]]
        lines += [f"  at {source}: {ref}" for source, ref in sorted(subject.refs)[:_SHOWN]]
    if not found.is_known:
        lines.append("No landed row is about them.")
    word = "would go" if dry_run else "erased"
    lines += [f"  {rows:>10,} {contract} rows {word}" for contract, rows in found.rows.items()]
    if found.unlinked:
        lines.append(
            "No row of these files is known to be theirs, yet their address or id stands there. "
            "Rows about them that bear only a name or an id of the vendor stay: look into them."
        )
        lines += [f"  {path}" for path in found.unlinked]
    if dry_run:
        lines.append("Nothing was changed.")
    else:
        lines += [f"  raw copy rewritten: {path}" for path in found.raw_rewritten]
        lines += [f"  raw copy removed:   {path}" for path in found.raw_removed]
    return "\n".join(lines)


def proof(workspace: Workspace, subject: Subject, seen: Scan) -> str:
    """What the scan of all files says, and what is left for the company itself to do."""
    places = "lake/, warehouse/, published/ and state/"
    if seen.is_clean:
        lines = [f"Read {seen.read:,} files in {places}: no address, id or hash of theirs is left."]
    else:
        lines = [f"Read {seen.read:,} files in {places}; these still hold them:"]
        lines += [f"  {path.relative_to(workspace.home)}" for path in seen.found[:_SHOWN]]
        lines += _named(workspace, subject) or [
            "Run `productops forget` again: it builds and publishes anew."
        ]
    if short := sorted(value for value in subject.users | subject.devices if is_common(value)):
        lines.append(
            f"Short ids ({', '.join(short[:_SHOWN])}) were looked for in columns of ids alone."
        )
    if left := delivered(workspace, subject):
        lines.append("Your own files still hold them; productops does not change those:")
        lines += [f"  {path.relative_to(workspace.home)}" for path in left[:_SHOWN]]
        lines += [f"  and {len(left) - _SHOWN} more"] if len(left) > _SHOWN else []
    return "\n".join(lines)


def _named(workspace: Workspace, subject: Subject) -> list[str]:
    """Deliveries whose very names hold them; what was landed tells where it came from."""
    pattern = re.compile(subject.pattern() or "$^")
    named = [m for m in read_manifests(workspace.lake) if pattern.search(m.path)]
    entries = [f"  {m.path}: {manifest_path(workspace.lake, m.source, m.entry_id)}" for m in named]
    if not entries:
        return []
    return [
        "The names of these files hold them, and each row from them tells the name. Rename the "
        "file and delete its entry of the ledger (in the bucket too), run `productops ingest`, "
        "which lands it again without them, then ask again:",
        *entries,
    ]
