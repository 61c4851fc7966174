"""A company's own checks: what is accepted, what is refused, and that they hold beside ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from expectations.company import add_checks, company_files
from expectations.suites import Suite, SuiteError
from ingest import arrivals
from orchestration.cli import main
from orchestration.lib import suites as lib
from orchestration.lib.gates import gate_lake
from orchestration.lib.paths import PipelineError
from orchestration.lib.receipt import plan_build
from tests.unit.ingest.conftest import Place, new_home
from tests.unit.ingest.test_formats import SLACK

SEATS = """\
name: tool_seats
layer: raw
table: tool_seats
masked: [member_ref]
expectations:
  - type: unexpected_rows_expectation
    name: unexpected_rows__guests_of_ours
    kwargs: {unexpected_rows_query: "select * from {batch} where tool_id <> 'figma'"}
    severity: critical
    description: We pay for Figma alone.
"""
PEOPLE = """\
name: active_users__daily
layer: marts
table: active_users__daily
expectations:
  - type: expect_column_values_to_be_between
    kwargs: {column: dau_count, max_value: 500}
    severity: warning
    description: We have sold 500 seats.
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A new workspace, as `productops init` makes it."""
    folder = tmp_path / "company"
    assert CliRunner().invoke(main, ["init", str(folder)]).exit_code == 0
    return folder


def write(home: Path, text: str, place: str = "raw/tool_seats.yml") -> Path:
    path = home / "expectations" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def suite_of(suites: tuple[Suite, ...], table: str) -> Suite:
    return next(suite for suite in suites if suite.table == table)


def doctor(home: Path) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "doctor"])


def test_checks_are_added_and_nothing_of_ours_changes_but_what_is_masked(home: Path) -> None:
    write(home, SEATS)
    before, after = (suite_of(lib.raw_suites(at), "tool_seats") for at in (None, home))
    assert after.expectations[:-1] == before.expectations
    assert after.expectations[-1].check_name == "unexpected_rows__guests_of_ours"
    assert after.expectations[-1].place == f"{home / 'expectations/raw/tool_seats.yml'}:6"
    assert before.masked < after.masked
    assert "member_ref" in after.masked
    same = ("owner", "on_fail", "runbook", "key", "partition", "name", "layer")
    assert all(getattr(before, name) == getattr(after, name) for name in same)
    others = [suite for suite in lib.raw_suites(home) if suite.table != "tool_seats"]
    assert others == [suite for suite in lib.raw_suites() if suite.table != "tool_seats"]
    assert lib.mart_suites(home) == lib.mart_suites()


def test_a_file_may_make_the_loss_of_a_column_graver_and_not_lighter(home: Path) -> None:
    word = SEATS.split("masked")[0] + "on_drift: block\n"
    write(home, word)
    assert suite_of(lib.raw_suites(home), "tool_seats").on_drift == "block"
    write(home, word.replace("block", "warn"))
    with pytest.raises(PipelineError, match=r"tool_seats\.yml:4: on_drift is 'warn'"):
        lib.raw_suites(home)


def test_several_files_of_one_table_add_up(home: Path) -> None:
    write(home, SEATS)
    other = SEATS.replace("name: tool_seats", "name: guests").replace("guests_of", "strangers_of")
    write(home, other, "raw/guests.yml")
    found = {spec.check_name for spec in suite_of(lib.raw_suites(home), "tool_seats").expectations}
    assert {"unexpected_rows__guests_of_ours", "unexpected_rows__strangers_of_ours"} < found
    write(home, other.replace("strangers_of", "guests_of"), "raw/guests.yml")
    with pytest.raises(
        PipelineError, match=r"tool_seats\.yml:6: .*like the one at .*guests\.yml:6"
    ):
        lib.raw_suites(home)


def _taken(text: str) -> str:
    return text.replace("guests_of_ours", "joined_after_export")


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (_taken, 6, r"joined_after_export' like the one at .*raw/tool_seats\.yml:\d+.*`name`"),
        (lambda t: "key: [seat]\n" + t, 1, "key is said by our suite.*Leave it out"),
        (lambda t: "owner: [me]\n" + t, 1, "owner is .*not words.*leave it out"),
        (lambda t: "runbook: ''\n" + t, 1, "runbook is '', not words"),
        (lambda t: t.replace("masked:", "on_fail: quarantine_rows\nmasked:"), 4, "on_fail is said"),
        (lambda t: t.replace("masked: [member_ref]", "masked: [actor]"), 4, "column 'actor'"),
        (lambda t: t.replace("masked: [member_ref]", "masked: x"), 4, "no list of columns"),
        (lambda t: t.replace("masked: [member_ref]", "masked: [{a: b}]"), 4, "unknown column"),
        (lambda t: t.replace("  - type: unexpected_rows_expectation", "  - x\n  - type: y"), 6,
         "is str, not a mapping"),
        (lambda t: t.replace("masked: [member_ref]", "mask: []"), 4, "unknown key 'mask'.*masked"),
        (lambda t: t.replace("name: tool_seats", "name: seats", 1), 1, "by its place it is"),
        (lambda t: t.replace("layer: raw", "layer: marts"), 2, "layer is 'marts', by its place"),
        (lambda t: t.replace("table: tool_seats", "table: tool_seat"), 3, "Known are: tool_seats"),
        (lambda t: t.replace("table: tool_seats", "table: [1]"), 3, "unknown table"),
        (lambda t: t.replace("critical", "fatal"), 9, "severity is 'fatal'"),
        (lambda t: t.split("  - type")[0], 5, "no 'expectations'|no list of checks"),
        (lambda t: t.replace("{batch}", "seats"), 8, r"does not read \{batch\}"),
        (lambda _: "- a list\n", 1, "no mapping"),
        (lambda t: t.replace("[member_ref]", "[member_ref"), 5, "no YAML"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_place_and_remedy(
    home: Path, change: Callable[[str], str], line: int, said: str
) -> None:
    path = write(home, change(SEATS))
    with pytest.raises(PipelineError, match=said) as error:
        lib.raw_suites(home)
    assert str(error.value).startswith(f"{path}:")
    if "expectations'" not in said:
        assert str(error.value).startswith(f"{path}:{line}: "), error.value
    told = doctor(home)
    assert told.exit_code == 1
    assert f"{path}:" in told.output
    # What is said of contracts holds up no check of marts.
    assert lib.mart_suites(home) == lib.mart_suites()


def test_a_column_that_a_mart_does_not_have_is_refused_before_the_gate_runs(home: Path) -> None:
    path = write(home, PEOPLE.replace("dau_count", "dau"), "marts/active_users__daily.yml")
    with pytest.raises(PipelineError, match=r"unknown column 'dau'.*dau_count") as error:
        lib.mart_suites(home)
    assert str(error.value).startswith(f"{path}:6: ")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("tool_seats.yml", "is not read. Put it into"),
        ("raw/more/tool_seats.yml", "is not read. Put it into"),
        ("staging/tool_seats.yml", "is not read. Put it into"),
        ("raw/tool_seats.yaml", "Rename it to tool_seats.yml"),
    ],
)
def test_a_file_that_nobody_would_read_is_told(home: Path, place: str, said: str) -> None:
    path = write(home, SEATS, place)
    with pytest.raises(SuiteError, match=said) as error:
        company_files(home / "expectations")
    assert str(error.value).startswith(f"{path}:1: ")
    assert said in doctor(home).output


def test_a_file_that_can_not_be_read_is_told(home: Path) -> None:
    path = write(home, "")
    path.unlink()
    path.symlink_to(home / "absent.yml")
    assert lib.raw_suites(home) == lib.raw_suites()
    path.unlink()
    path.mkdir()
    assert lib.suites_fingerprint(home)
    assert lib.raw_suites(home) == lib.raw_suites()
    path.rmdir()
    path.write_bytes(b"name: \xff\xfe\n")
    with pytest.raises(PipelineError, match="no UTF-8 text"):
        lib.raw_suites(home)


def test_doctor_names_each_broken_file_and_queries_that_can_not_run(home: Path) -> None:
    assert doctor(home).exit_code == 0
    write(home, SEATS.replace("tool_id <>", "tool <>"))
    write(home, PEOPLE.replace("warning", "warn"), "marts/active_users__daily.yml")
    told = doctor(home).output
    assert "tool_seats.yml:6: the query can't be run: Binder Error" in told
    assert "active_users__daily.yml:7: expectations.0.severity is 'warn'" in told
    assert "1 to mend" in told
    write(home, SEATS.replace("select *", "selct *"))
    assert "Parser Error" in doctor(home).output
    write(home, SEATS.replace("tool_id <>", "lowr(tool_id) <>"))
    assert "lowr does not exist" in doctor(home).output


def test_a_query_may_ask_other_marts(home: Path) -> None:
    query = (
        "select * from {batch} where dau_count > (select max(dau_count) from marts.session__daily)"
    )
    text = PEOPLE.replace("expect_column_values_to_be_between", "unexpected_rows_expectation")
    text = text.replace(
        "    kwargs: {column: dau_count, max_value: 500}",
        f"    name: more_than_ever\n    kwargs: {{unexpected_rows_query: '{query}'}}",
    )
    write(home, text.replace("{{", "{"), "marts/active_users__daily.yml")
    assert doctor(home).exit_code == 0, doctor(home).output


def test_the_example_of_a_new_workspace_is_silent_and_works_once_uncommented(home: Path) -> None:
    path = home / "expectations" / "marts" / "active_users__daily.yml"
    assert lib.mart_suites(home) == lib.mart_suites()
    lines = path.read_text(encoding="utf-8").splitlines()
    begin = next(number for number, line in enumerate(lines) if line == "#") + 1
    path.write_text("\n".join(line[2:] for line in lines[begin:]), encoding="utf-8")
    assert doctor(home).exit_code == 0, doctor(home).output
    added = suite_of(lib.mart_suites(home), "active_users__daily").expectations
    assert len(added) == len(suite_of(lib.mart_suites(), "active_users__daily").expectations) + 2


def test_without_a_workspace_there_are_ours_alone(tmp_path: Path) -> None:
    """The project's own `expectations/` is no company's, wherever a program is started."""
    for home in (tmp_path, lib.PROJECT_ROOT, tmp_path / "absent"):
        assert lib.raw_suites(home) == lib.raw_suites()
        assert lib.suites_fingerprint(home) == lib.suites_fingerprint()
        assert list(lib.problems(home)) == []


def test_each_change_of_a_companys_file_changes_the_fingerprint(home: Path) -> None:
    seen = [lib.suites_fingerprint(home)]
    path = write(home, SEATS)
    seen.append(lib.suites_fingerprint(home))
    path.write_text(SEATS.replace("critical", "warning"), encoding="utf-8")
    seen.append(lib.suites_fingerprint(home))
    path.rename(path.with_name("seats.yml"))
    seen.append(lib.suites_fingerprint(home))
    assert len(set(seen)) == len(seen)


def test_the_gate_holds_a_delivery_against_the_companys_checks_and_again_when_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "SETTLE_SECONDS", 0.0)
    place = Place(new_home(tmp_path / "company"))
    place.land("slack-2026-05-01.csv", SLACK)

    def gate():
        return gate_lake(place.workspace, plan_build(place.workspace))

    assert gate().is_open
    path = write(place.workspace.home, SEATS)
    closed = gate()
    (breach,) = closed.breaches
    assert (breach.check_name, breach.table) == ("unexpected_rows__guests_of_ours", "tool_seats")
    ours = suite_of(lib.raw_suites(), "tool_seats")
    assert (breach.owner, breach.runbook) == (ours.owner, ours.runbook)
    assert {row["member_ref"] for row in breach.failing_rows} == {"***"}
    assert gate() == closed
    path.write_text("owner: it-desk\nrunbook: 'Ask in #it.'\n" + SEATS, encoding="utf-8")
    (breach,) = gate().breaches
    assert (breach.owner, breach.runbook) == ("it-desk", "Ask in #it.")
    assert breach.message.endswith("Ask in #it.")
    assert {check.owner for check in gate().checks} >= {ours.owner, "it-desk"}
    path.write_text(SEATS.replace("'figma'", "'slack'"), encoding="utf-8")
    assert gate().is_open
    path.write_text(SEATS.replace("critical", "fatal"), encoding="utf-8")
    with pytest.raises(PipelineError, match="severity is 'fatal'"):
        gate()


def test_dagster_shows_the_companys_checks_and_loads_though_a_file_is_broken(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.defs.gates import lake_check_specs, mart_check_specs

    monkeypatch.delenv("PRODUCTOPS_HOME", raising=False)
    ours = len(lake_check_specs()), len(mart_check_specs())
    write(home, SEATS)
    write(home, PEOPLE, "marts/active_users__daily.yml")
    monkeypatch.setenv("PRODUCTOPS_HOME", str(home))
    lake = {spec.name: spec for spec in lake_check_specs()}
    assert "holds back" in str(lake["unexpected_rows__guests_of_ours"].metadata["a breach"])
    assert len(lake_check_specs()) == ours[0] + 1
    assert len(mart_check_specs()) == ours[1] + 1
    write(home, SEATS.replace("critical", "fatal"))
    assert len(lake_check_specs()) == ours[0]


def test_files_of_the_other_layer_are_left_to_it(home: Path) -> None:
    path = write(home, "no suite at all\n", "marts/broken.yml")
    assert add_checks(lib.raw_suites(), [path], lib.columns_of) == lib.raw_suites()
