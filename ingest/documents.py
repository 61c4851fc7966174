"""JSON and YAML documents to values.

Belongs here: parsing and its errors in plain words. Does not belong here: which records a
document holds (see `ingest.records`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from ingest.problems import DamagedFileError

# The parsers in C take a tenth of the time, but are not there on every platform.
_TEXT_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_own_yaml(path: Path) -> Any:
    """A YAML file of this package."""
    text = path.read_text(encoding="utf-8")
    return yaml.load(text, Loader=_SAFE_LOADER)  # noqa: S506  (both are safe)


def _too_deep() -> DamagedFileError:
    return DamagedFileError(
        "too_deeply_nested", "the values are nested too deeply to be read; export the file again"
    )


def load_json(text: str) -> Any:
    """Parses a JSON document; raises `DamagedFileError` with line and column."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise DamagedFileError(
            "malformed_json",
            f"line {error.lineno}, column {error.colno}: {error.msg}; the export may be cut off",
        ) from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:  # a number of thousands of digits
        raise DamagedFileError("malformed_json", f"{error}; export the file again") from error


def load_yaml(text: str) -> Any:
    """Parses YAML with every scalar as text, so that `no`, `1.10` and dates are not guessed."""
    try:
        return yaml.load(text, Loader=_TEXT_LOADER)  # noqa: S506  (knows text and lists alone)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or error
        raise DamagedFileError("malformed_yaml", f"{line}{problem}; mend the file") from error
    except RecursionError as error:
        raise _too_deep() from error


def flatten(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested objects as one level with dotted names; lists stay as they are."""
    flat: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def at(document: Any, path: str | None) -> Any:
    """What a document holds at a dotted path, or None."""
    for step in path.split(".") if path else ():
        document = document.get(step) if isinstance(document, dict) else None
    return document
