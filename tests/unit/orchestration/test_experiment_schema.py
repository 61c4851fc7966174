"""`productops experiment schema`: what editors complete and check files by."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from analytics.experiments.starting import schema_text
from ingest.arrivals import find
from ingest.settings import open_workspace
from orchestration.cli import main


def productops(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    assert productops("init", tmp_path / "company").exit_code == 0
    return tmp_path / "company"


def test_editors_get_a_schema_without_any_address(home: Path) -> None:
    for kind in ("experiment", "metric"):
        printed = productops("--home", home, "experiment", "schema", kind)
        assert printed.output == schema_text(kind)
        assert "http" not in printed.output
        jsonschema.Draft202012Validator.check_schema(json.loads(printed.output))
    wrote = productops("--home", home, "experiment", "schema", "--write")
    assert wrote.output.split() == [
        "wrote", "registry/experiments/.schema.json", "wrote", "registry/metrics/.schema.json",
    ]  # fmt: skip
    assert productops("--home", home, "experiment", "schema", "--write").output == ""


def test_files_begin_with_the_line_by_which_editors_find_the_schema(home: Path) -> None:
    assert productops("--home", home, "experiment", "new", "exp_new").exit_code == 0
    first = "# yaml-language-server: $schema=./.schema.json"
    for path in (home / "registry").rglob("*.yml"):
        assert path.read_text("utf-8").splitlines()[0] == first
        assert (path.parent / ".schema.json").is_file()
    taken_in = [arrival.relative for arrival in find(open_workspace(home))]
    assert "registry/experiments/exp_new.yml" in taken_in
    assert not [name for name in taken_in if "schema" in name]


def test_a_kind_without_a_schema_and_a_folder_that_is_no_workspace_are_refused(
    tmp_path: Path,
) -> None:
    refused = productops("experiment", "schema", "survey")
    assert (refused.exit_code, "is not one of 'experiment', 'metric'" in refused.output) == (
        2,
        True,
    )
    nowhere = productops("--home", tmp_path, "experiment", "schema", "--write")
    assert (nowhere.exit_code, "productops init" in nowhere.output) == (2, True)
