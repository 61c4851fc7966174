"""The guide to a new export does what it says: its blocks are the format, the file, the rows."""

from __future__ import annotations

import json
import re
import shutil
import typing
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from ingest import formats
from ingest.config import ConfigError
from ingest.contracts import load_contracts
from ingest.fields import PARSERS
from tests.unit.ingest.conftest import Place, loaded, part, rejected

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs" / "adding-a-format.md").read_text(encoding="utf-8")


def block(language: str, number: int = 0) -> str:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)[number]


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """All formats and the guide's own."""
    folder = tmp_path / "formats"
    folder.mkdir()
    for path in formats.FOLDER.glob("*.yml"):
        shutil.copyfile(path, folder / path.name)
    (folder / "nimbus_tickets.yml").write_text(block("yaml"), encoding="utf-8")
    monkeypatch.setattr(formats, "FOLDER", folder)
    formats.load_formats.cache_clear()
    yield
    monkeypatch.undo()
    formats.load_formats.cache_clear()


def _check(place: Place, name: str, recognised: str) -> None:
    truth = json.loads(block("json"))
    outcome = place.land(name, block("csv"))
    assert outcome.format == recognised
    assert loaded(outcome) == truth["counts"]
    columns = [
        f"strftime({c}, '%Y-%m-%d %H:%M:%S')" if c.endswith("_at") else c for c in truth["columns"]
    ]
    found = place.rows("tickets", ", ".join(columns), "order by ticket_id")
    assert [list(row) for row in found] == truth["loaded"]
    assert [[row[1], row[2]] for row in place.quarantine()] == truth["set_aside"]


def test_the_format_of_the_guide_reads_the_export_of_the_guide(known, place: Place) -> None:
    _check(place, "whatever it is called.csv", "nimbus_tickets")
    again = place.land("again.csv", block("csv") + "\n")
    assert loaded(again) == {"in": 5, "loaded": 0, "duplicate": 3, "quarantined": 2}


def test_the_same_words_as_a_mapping(make_place: Callable[..., Place]) -> None:
    spec = yaml.safe_load(block("yaml"))
    source = {"name": spec["source"], "files": "nimbus/*.csv", "reader": spec["reader"],
              "parts": spec["parts"]}  # fmt: skip
    place = make_place(yaml.safe_dump({"sources": [source]}))
    _check(place, "nimbus/may.csv", "mapping:nimbus")
    rejected(place.land("other/may.csv", block("csv") + "\n"), "unknown_format")


def test_a_format_and_its_file_are_small() -> None:
    assert len((block("yaml") + block("csv")).splitlines()) < 60


def _cells(heading: str) -> set[str]:
    """Words in the first column of the tables under a heading."""
    section = GUIDE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


def test_the_guide_names_every_word_there_is() -> None:
    reader, part = _cells("Words of a reader"), _cells("Words of a part")
    assert reader == {"kind", "delimiter", "header_rows", "columns", "json_columns"}
    kinds = GUIDE.split("| `kind` |", 1)[1].split("\n", 1)[0]
    assert [kind for kind in typing.get_args(formats.Kind) if f"`{kind}`" not in kinds] == []
    assert set(PARSERS) - part == set()
    with pytest.raises(Exception, match="unknown word") as error:
        formats.parse_part({"contract": "tickets", "shoe": 1}, "here")
    for word in re.findall(r"'(\w+)'", str(error.value).split("known:")[1]):
        assert word in part or word == "strip_personal", word


def test_the_guide_names_the_files_of_a_contract() -> None:
    for name in load_contracts():
        for place in (f"ingest/contracts/{name}.yml", f"expectations/raw/{name}.yml",
                      f"dbt_project/models/staging/stg_{name}.sql",
                      f"dbt_project/models/staging/stg_{name}.yml"):  # fmt: skip
            assert (ROOT / place).is_file()
            assert place.replace(name, "<name>").removesuffix(".yml").removesuffix(".sql") in GUIDE


def test_complete_lists_are_taken_in_as_the_guide_says(make_place) -> None:
    place = make_place(block("yaml", 1))
    head = "id,state,updated,created\n"
    one, two = (f"{n},open,2026-05-01T0{n}:00:00Z,2026-05-01T00:00:00Z\n" for n in (1, 2))
    loaded(place.land("questions/2026-05-01T1200Z__2026-05-01.csv", head + one + two))
    loaded(place.land("questions/2026-05-01T1300Z__2026-05-01.csv", head + one))
    assert place.rows("tickets", "ticket_id", "order by 1") == [("1",), ("2",)]
    assert place.rows("listed_rows", "scope, item_id, listed_at", "order by 3, 2") == [
        ("2026-05-01", "1", datetime(2026, 5, 1, 12)),
        ("2026-05-01", "2", datetime(2026, 5, 1, 12)),
        ("2026-05-01", "1", datetime(2026, 5, 1, 13)),
    ]


def test_a_list_whose_name_does_not_tell_when_it_was_made_lists_nothing(make_place) -> None:
    place = make_place(block("yaml", 1))
    outcome = place.land(
        "questions/may.csv", "id,state,updated,created\n1,open,2026-05-01,2026-05-01\n"
    )
    assert part(outcome, "tickets")["loaded"] == 1
    assert part(outcome, "listed_rows") == {"in": 1, "loaded": 0, "duplicate": 0, "quarantined": 1}


def test_a_pattern_that_is_none_is_refused_by_file_and_line(make_place) -> None:
    text = block("yaml", 1).replace("(?P<made_at>[^_]+)", "(?P<made_at>")
    with pytest.raises(ConfigError, match=r"productops\.yml:\d+: .*file_pattern"):
        make_place(text).run()
