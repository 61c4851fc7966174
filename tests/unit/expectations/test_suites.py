"""Suite files: what is accepted, how a wrong one is refused, what stands in ours."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from expectations.suites import Suite, SuiteError, load_suites
from expectations.vocabulary import WORDS
from ingest.contracts import load_contracts
from ingest.formats import load_formats
from tests.unit.expectations.mutations import MARTS, ROOT, columns

GOOD = """\
name: exposures
layer: raw
table: exposures
owner: product-analytics
on_fail: block
key: [source, exposure_id]
runbook: Ask the owner.
expectations:
  - type: expect_column_values_to_not_be_null
    kwargs: {column: exposure_id}
    severity: critical
    description: Part of the key.
"""


def _load(folder: Path, text: str, name: str = "exposures.yml") -> tuple[Suite, ...]:
    (folder / name).write_text(text, encoding="utf-8")
    return load_suites(folder)


def test_a_suite_is_read_as_written(tmp_path: Path) -> None:
    (suite,) = _load(tmp_path, GOOD)
    (check,) = suite.expectations
    assert (suite.layer, suite.table, suite.key) == ("raw", "exposures", ("source", "exposure_id"))
    assert check.check_name == "column_values_to_not_be_null__exposure_id"
    assert (check.severity, check.columns) == ("critical", ("exposure_id",))
    assert suite.on_drift == "warn"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("expect_column_values_to_not_be_null", "expect_column_values_to_not_be_nul", 9,
         "unknown expectation type.*Known are: expect_column_values_to_not_be_null"),
        ("{column: exposure_id}", "{column: exposure}", 10, "unknown column.*exposure_id"),
        ("{column: exposure_id}", "{column: exposure_id, most: 1}", 10, "key 'most'.*mostly"),
        ("{column: exposure_id}", "{column: exposure_id, mostly: 2}", 10, "mostly is 2.*share"),
        ("{column: exposure_id}", "{}", 10, "has no 'column'"),
        ("critical", "crit", 11, "severity is 'crit'.*critical, warning, info"),
        ("block", "stop", 5, "on_fail is 'stop'.*block, quarantine_rows"),
        ("layer: raw", "layer: bronze", 2, "layer is 'bronze'"),
        ("owner: product-analytics", "owner: me", 4, "contract's is 'product-analytics'"),
        ("table: exposures", "table: exposure", 3, "unknown contract.*exposures"),
        ("name: exposures", "name: other", 1, "Name the suite like its file"),
        ("key: [source, exposure_id]", "key: [source, id]", 6, "unknown column 'id'"),
        ("runbook: Ask the owner.", "runbok: Ask.", 7, "unknown key 'runbok'.*runbook"),
        ("runbook: Ask the owner.\n", "", 1, "has no 'runbook'"),
        ("    description: Part of the key.\n", "", 9, "has no 'description'"),
        ("key: [", "owner: [", 6, "key 'owner' stands twice"),
        ("layer: raw", "layer: [raw", 3, "no YAML"),
        ("block", "block\nquarantine_limit: 0.1", 6, "beside on_fail: block.*quarantine_rows"),
        ("block", "quarantine_rows\nquarantine_limit: 5", 6, "quarantine_limit is 5.*share"),
        ("block", "block\non_drift: stop", 6, "on_drift is 'stop'.*warn, block"),
        ("raw\n", "marts\non_drift: block\n", 3, "unknown key 'on_drift'"),
    ],
)  # fmt: skip
def test_a_wrong_suite_is_refused_with_place_and_remedy(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    assert old in GOOD
    with pytest.raises(SuiteError, match=said) as error:
        _load(tmp_path, GOOD.replace(old, new, 1))
    assert str(error.value).startswith(f"{tmp_path / 'exposures.yml'}:{line}: "), error.value


PAIR = """\
  - type: expect_column_pair_values_a_to_be_greater_than_b
    kwargs: {column_A: loaded_at, column_B: occurred_at, or_equal: true}
    severity: warning
    description: Nothing is loaded before it happens.
"""
QUERY = """\
  - type: unexpected_rows_expectation
    name: unexpected_rows__odd
    kwargs: {unexpected_rows_query: "select * from {batch} where user_id = ''"}
    row_condition: {column: user_id, operator: IS_NOT_NULL}
    severity: warning
    description: An empty id is nobody's.
"""


@pytest.mark.parametrize(
    ("check", "line", "said"),
    [(PAIR, 14, "ignore_row_if None.*either_value_is_missing"),
     (QUERY, 16, "row_condition stands beside a query.*Put it into the query")],
)  # fmt: skip
def test_what_engines_read_differently_is_refused(
    tmp_path: Path, check: str, line: int, said: str
) -> None:
    with pytest.raises(SuiteError, match=said) as error:
        _load(tmp_path, GOOD + check)
    assert str(error.value).startswith(f"{tmp_path / 'exposures.yml'}:{line}: "), error.value


def test_two_checks_of_one_name_are_refused_and_a_name_tells_them_apart(tmp_path: Path) -> None:
    check = GOOD[GOOD.index("  - type") :]
    with pytest.raises(SuiteError, match=r":13: .*second check named .*first: line 9.*`name`"):
        _load(tmp_path, GOOD + check)
    named = check.replace("    severity", "    name: with_name\n    severity")
    (suite,) = _load(tmp_path, GOOD + named)
    assert [c.check_name for c in suite.expectations][1] == "with_name"


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ("{column: exposed_at, min_value: 2, max_value: 1}", "greater than max_value"),
        ("{column: exposed_at, min_value: 2, max_value: x}", "can't be compared"),
    ],
)
def test_bounds_that_nothing_can_meet_are_refused(tmp_path: Path, kwargs: str, said: str) -> None:
    text = GOOD.replace("to_not_be_null", "to_be_between").replace("{column: exposure_id}", kwargs)
    with pytest.raises(SuiteError, match=said):
        _load(tmp_path, text)


def test_a_query_must_have_a_name_and_read_the_batch(tmp_path: Path) -> None:
    text = GOOD.replace("expect_column_values_to_not_be_null", "unexpected_rows_expectation")
    nameless = text.replace("{column: exposure_id}", "{unexpected_rows_query: 'select 1'}")
    with pytest.raises(SuiteError, match=r"does not read \{batch\}"):
        _load(tmp_path, nameless)
    with pytest.raises(SuiteError, match=r"no name.*unexpected_rows__"):
        _load(tmp_path, nameless.replace("select 1", "from {batch}"))


def test_a_pattern_and_a_condition_are_checked(tmp_path: Path) -> None:
    text = GOOD.replace("to_not_be_null", "to_match_regex")
    with pytest.raises(SuiteError, match="no pattern"):
        _load(tmp_path, text.replace("{column: exposure_id}", "{column: exposure_id, regex: '['}"))
    condition = "    row_condition: {column: is_revison, operator: '==', parameter: false}\n"
    with pytest.raises(SuiteError, match=r":13: .*unknown column 'is_revison'.*is_revision"):
        _load(tmp_path, GOOD + condition)
    with pytest.raises(SuiteError, match="operator is '='"):
        _load(tmp_path, GOOD + condition.replace("revison", "revision").replace("==", "="))


def test_two_suites_of_one_table_are_refused(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    _load(tmp_path / "more", GOOD)
    with pytest.raises(SuiteError, match="another suite of raw/exposures"):
        _load(tmp_path, GOOD)


def test_an_empty_file_and_no_checks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=":1: the file is no mapping"):
        _load(tmp_path, "")
    with pytest.raises(SuiteError, match="no list of checks"):
        _load(tmp_path, GOOD[: GOOD.index("  - type")].replace("ns:\n", "ns: none\n"))


def test_loading_imports_neither_great_expectations_nor_pandas_nor_duckdb() -> None:
    code = (
        "import sys; from expectations.suites import load_suites; import expectations.runner, "
        "expectations.ledger_checks; assert len(load_suites('expectations')) >= 42; "
        "print([m for m in ('great_expectations', 'pandas', 'sqlalchemy', 'duckdb') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_contract_and_every_mart_has_a_suite(suites: tuple[Suite, ...]) -> None:
    raw = {suite.table for suite in suites if suite.layer == "raw"}
    marts = {suite.table for suite in suites if suite.layer == "marts"}
    assert raw == set(load_contracts())
    assert marts == {path.stem for path in MARTS.glob("*/*.yml")}


def test_marts_suites_name_columns_that_the_marts_have(suites: tuple[Suite, ...]) -> None:
    for suite in suites:
        known = columns(suite)
        named = {column for spec in suite.expectations for column in spec.columns}
        named |= {*suite.key, *suite.masked, *([suite.partition] if suite.partition else [])}
        assert not named - set(known) - {"extra"}, suite.table


def test_every_table_is_held_to_its_key_and_every_check_says_why(suites: tuple[Suite, ...]) -> None:
    for suite in suites:
        unique = [spec for spec in suite.expectations if spec.type.endswith("to_be_unique")]
        assert any(set(suite.key) <= set(spec.columns) for spec in unique), suite.table
        assert all(spec.severity == "critical" for spec in unique), suite.table
        for spec in suite.expectations:
            assert re.fullmatch(r"[a-z0-9_]+", spec.check_name)
            assert len(spec.description) > 15, (suite.table, spec.check_name)
            assert spec.description.rstrip().endswith("."), (suite.table, spec.check_name)
        assert len(suite.runbook) > 40


def test_each_required_column_is_held_to_be_there(suites: tuple[Suite, ...]) -> None:
    for suite in suites:
        if suite.layer == "raw":
            held = {spec.kwargs["column"] for spec in suite.expectations
                    if spec.type == "expect_column_values_to_not_be_null"}  # fmt: skip
            required = {c.name for c in load_contracts()[suite.table].columns if c.required}
            assert required <= held, suite.table


def test_suites_stay_readable() -> None:
    for path in (ROOT / "expectations").rglob("*.yml"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 150, path
        assert max(map(len, lines)) <= 100, path


def test_personal_columns_are_masked(suites: tuple[Suite, ...]) -> None:
    masked = {suite.table: suite.masked for suite in suites if suite.layer == "raw"}
    assert masked["ticket_messages"] == {"body", "extra"}
    assert {"subject"} < masked["tickets"]


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_the_vocabulary_is_that_of_great_expectations(kind: str) -> None:
    from expectations.engine import load_gx

    load_gx()
    from great_expectations.expectations.registry import get_expectation_impl

    fields = set(get_expectation_impl(kind).__fields__)
    assert WORDS[kind].arguments <= fields
    assert set(WORDS[kind].columns) <= WORDS[kind].arguments


def test_what_formats_write_is_what_suites_know() -> None:
    """A constant that its contract's suite calls wrong would hold back every delivery."""
    sets = {
        (suite.table, spec.kwargs["column"]): set(spec.kwargs["value_set"])
        for suite in load_suites(ROOT / "expectations" / "raw")
        for spec in suite.expectations
        if spec.type == "expect_column_values_to_be_in_set"
    }
    written = {
        (known.name, part.contract, column, word)
        for known in load_formats()
        for part in known.parts
        for column, field in part.mapping.fields.items()
        for word in (field.constant, field.default, *(field.values or {}).values())
        if isinstance(word, str) and (part.contract, column) in sets
    }
    assert {one for one in written if one[3] not in sets[one[1], one[2]]} == set()
    assert len(written) > 20
