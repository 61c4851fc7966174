"""Every question of docs/questions/ is answered by its SQL, on what a run published.

Belongs here: that the examples run and that no mart is without one. Does not belong here: whether
the numbers are right (tests/sql, tests/pipeline/test_truth.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "questions").glob("*.md"))
MARTS = {path.stem for path in (ROOT / "dbt_project" / "models" / "marts").rglob("*.sql")}


def examples() -> list[tuple[str, str]]:
    """Page with number, and SQL."""
    return [
        (f"{page.stem}-{number}", sql)
        for page in PAGES
        for number, sql in enumerate(re.findall(r"```sql\n(.*?)```", page.read_text(), re.DOTALL))
    ]


@pytest.fixture(scope="module")
def published(finished: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    path = finished / "published" / "current" / "productops.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


@pytest.mark.parametrize(("name", "sql"), examples(), ids=[name for name, _ in examples()])
def test_an_example_runs(published: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    answer = published.execute(sql)
    assert answer.description, f"{name} answers nothing"
    for row in answer.fetchall():
        assert any(value is not None for value in row), f"{name} answers with empty rows"


def test_every_mart_has_a_question() -> None:
    asked = {mart for _, sql in examples() for mart in re.findall(r"\bmarts\.(\w+__\w+)", sql)}
    assert MARTS - asked == set()
    assert asked - MARTS == set()


def test_an_example_that_asks_for_what_there_is_not_would_be_seen(
    published: duckdb.DuckDBPyConnection,
) -> None:
    with pytest.raises(duckdb.CatalogException):
        test_an_example_runs(published, "broken", "select * from marts.no__such")
    with pytest.raises(AssertionError, match="empty rows"):
        test_an_example_runs(published, "empty", "select NULL as nothing")
