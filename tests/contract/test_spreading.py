"""Files that share a costly fixture stay in one process, and the long ones come first."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.spreading import LONG, TOGETHER, Spread, place

ROOT = Path(__file__).resolve().parents[2]


def scope(nodeid: str) -> str:
    return Spread._split_scope(object.__new__(Spread), nodeid)


def asked(path: Path) -> dict[str, set[str]]:
    """What each test and fixture of a file asks for, by its name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name: {argument.arg for argument in node.args.args}
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and (node.name.startswith("test_") or node.decorator_list)
    }


@pytest.mark.parametrize("fixture", TOGETHER)
def test_every_file_that_uses_the_fixture_stays_with_the_others(fixture: str) -> None:
    (folder,) = {(ROOT / file).parent for file in TOGETHER[fixture]}
    made = asked(folder / "conftest.py") if (folder / "conftest.py").exists() else {}
    names = {fixture, *(name for name, fixtures in made.items() if fixture in fixtures)}
    using = {
        path.relative_to(ROOT).as_posix()
        for path in folder.glob("test_*.py")
        if any(names & fixtures for fixtures in asked(path).values())
    }
    assert using == set(TOGETHER[fixture])


def test_a_file_stays_whole_and_a_group_is_one() -> None:
    assert scope("tests/unit/test_x.py::TestA::test_b[1]") == "tests/unit/test_x.py"
    for files in TOGETHER.values():
        assert len({scope(f"{file}::test") for file in files}) == 1


def test_long_files_come_first_and_are_there() -> None:
    for number, file in enumerate(LONG):
        assert (ROOT / file).is_file()
        assert place(f"{file}::TestA::test_b") == number
    assert place("tests/unit/test_x.py::test_y") == len(LONG)
