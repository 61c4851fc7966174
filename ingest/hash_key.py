"""The check of the hash key: by which key a lake's hashes are made, and not the key.

Belongs here: `lake/privacy/hash_key.json`. Does not belong here: hashing (`ingest.privacy`), what
is remembered of erased people (`ingest.erasures`).
"""

from __future__ import annotations

import json
from pathlib import Path

from ingest.privacy import keyed_hash
from ingest.store import LakeError, write_atomically


def key_check(hash_key: str) -> str:
    """Tells two keys apart; neither can be told from it."""
    return keyed_hash("productops erasures", hash_key)[:16]


def check_key(lake: Path, hash_key: str, *, only_look: bool = False) -> None:
    """Remembers by which key a lake's hashes are made, unless it may only look.

    Raises:
        LakeError: If they were made by another one: everybody would have two ids from now on.
    """
    path, check = lake / "privacy" / "hash_key.json", key_check(hash_key)
    # Its name until now; no bucket has it.
    earlier = path.with_suffix("")
    known = _read(path) if path.is_file() else _read(earlier) if earlier.is_file() else check
    if known != check:
        raise LakeError(
            f"{lake} was made with another hash key: everybody would be known by two ids. Put the "
            "old key back into .env, or follow `A new hash key` in docs/operations.md."
        )
    if not (only_look or path.is_file()):
        text = json.dumps({"check": check}) + "\n"
        write_atomically(path, lambda draft: write_private(draft, text))
        earlier.unlink(missing_ok=True)


def _read(path: Path) -> str:
    text = path.read_text(encoding="utf-8").strip()
    try:
        return str(json.loads(text)["check"])
    except (ValueError, TypeError, KeyError):
        # As it stood under the earlier name; in a damaged file it is no check of any key.
        return text


def write_private(path: Path, text: str) -> None:
    """Writes a file that its owner alone can read."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
