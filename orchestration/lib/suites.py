"""Which suites hold for a workspace: ours, and what the company adds in its `expectations/`.

Belongs here: where suites lie, their fingerprint, what `productops doctor` says of the company's.
Does not belong here: the form of a suite (`expectations/`), when it is evaluated (`lib/gates.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml

from expectations.breaches import quote
from expectations.company import add_checks, company_files
from expectations.suites import Suite, SuiteError, load_suites
from ingest.contracts import LANDING_COLUMNS, load_contracts
from orchestration.lib.dictionary import MARTS
from orchestration.lib.paths import PROJECT_ROOT, PipelineError, code_fingerprint, digest_files

SUITES = PROJECT_ROOT / "expectations"


def raw_suites(home: Path | None = None) -> tuple[Suite, ...]:
    """Suites of the contracts, with the checks of the company whose folder `home` is."""
    return _whole("raw", home)


def mart_suites(home: Path | None = None) -> tuple[Suite, ...]:
    """Suites of the marts, with the checks of the company whose folder `home` is."""
    return _whole("marts", home)


def suites_fingerprint(home: Path | None = None) -> str:
    """Digest of all suites and of the code that evaluates them."""
    ours = code_fingerprint("expectations", ".yml", ".py")
    folder = _folder(home)
    if folder is None:
        return ours
    theirs = [path for path in folder.rglob("*.yml") if path.is_file()]
    return f"{ours}-{digest_files(theirs, folder)}"


def columns_of(suite: Suite) -> dict[str, str]:
    """Names and DuckDB types of the columns of a suite's table."""
    if suite.layer == "raw":
        contract = load_contracts()[suite.table]
        return {**{c.name: c.sql_type for c in contract.columns}, **LANDING_COLUMNS}
    return _mart_columns(suite.table)


def problems(home: Path) -> Iterator[str]:
    """What is wrong with the company's files, one finding a file; queries are tried out."""
    folder = _folder(home)
    if folder is None:
        return
    try:
        files = company_files(folder)
    except SuiteError as error:
        yield str(error)
        return
    for path in files:
        ours = load_suites(SUITES / path.parent.name)
        try:
            suites = add_checks(ours, [path], columns_of)
        except (SuiteError, OSError) as error:
            yield str(error)
            continue
        for before, after in zip(ours, suites, strict=True):
            yield from _broken_queries(after, len(before.expectations))


def _whole(layer: str, home: Path | None) -> tuple[Suite, ...]:
    ours = load_suites(SUITES / layer)
    folder = _folder(home)
    if folder is None:
        return ours
    try:
        return add_checks(ours, company_files(folder), columns_of)
    except SuiteError as error:
        raise PipelineError(str(error)) from error
    except OSError as error:
        raise PipelineError(f"A company's file of checks can't be read: {error}.") from error


def _folder(home: Path | None) -> Path | None:
    """A company's folder of suites. Without its settings `home` is no workspace at all."""
    if home is None or not (home / "productops.yml").is_file():
        return None
    folder = home / "expectations"
    return folder if folder.is_dir() else None


@cache
def _mart_columns(mart: str) -> dict[str, str]:
    (path,) = MARTS.glob(f"*/{mart}.yml")
    model = yaml.safe_load(path.read_text(encoding="utf-8"))["models"][0]
    return {column["name"]: column["data_type"] for column in model["columns"]}


def _broken_queries(suite: Suite, first: int) -> Iterator[str]:
    """Queries from the `first` check on that DuckDB can't read, held against an empty table.

    A query may name other marts as well; they are not there, so nothing is said about those.
    """
    import duckdb

    asked = [spec for spec in suite.expectations[first:] if "unexpected_rows_query" in spec.kwargs]
    if not asked:
        return
    with duckdb.connect() as connection:
        listed = ", ".join(f"{quote(name)} {kind}" for name, kind in columns_of(suite).items())
        connection.execute(f"create table batch ({listed})")
        for spec in asked:
            query = spec.kwargs["unexpected_rows_query"].replace("{batch}", "batch")
            try:
                connection.execute(f"explain {query}")
            except duckdb.Error as error:
                said = str(error).strip().splitlines()[0]
                if "Table with name" not in said and "schema" not in said:
                    yield f"{spec.place}: the query can't be run: {said} Correct it."
