"""`productops experiment`: drafts that are valid from the start, problems with file and line."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from analytics.experiments.metrics import read_metric
from analytics.experiments.spec import prereg_hash, problems_of, read_spec
from analytics.experiments.starting import KINDS, TEMPLATES, starter_metrics, starter_text
from orchestration.cli import main
from orchestration.commands import experiments
from tests.unit.analytics.experiments.plans import METRIC, PLAN, SHORT

TEMPLATE_FILES = sorted(KINDS)


def productops(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    assert productops("init", tmp_path / "company").exit_code == 0
    return tmp_path / "company"


def begun(home: Path, *words: str) -> Result:
    return productops("--home", home, "experiment", "new", *words, "--starts-on", "2026-05-04")


def validated(home: Path, *words: str | Path) -> Result:
    return productops("--home", home, "experiment", "validate", *words)


def written(home: Path, text: str, name: str = "exp_checklist.yml") -> Path:
    """An experiment as it stands, with the metrics that it names."""
    path = home / "registry" / "experiments" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    metrics = home / "registry" / "metrics"
    metrics.mkdir(exist_ok=True)
    for metric_id in ("week_2_return", "tickets", "features_used", "sessions"):
        (metrics / f"{metric_id}.yml").write_text(starter_text(metric_id), encoding="utf-8")
    return path


# ---- new


@pytest.mark.parametrize("template", TEMPLATE_FILES)
def test_a_draft_is_valid_at_once_and_lacks_only_what_people_can_say(
    home: Path, template: str
) -> None:
    made = begun(home, "exp_new", "--template", template)
    assert made.exit_code == 0, made.output
    path = home / "registry" / "experiments" / "exp_new.yml"
    text = path.read_text(encoding="utf-8")
    assert validated(home).exit_code == 0
    spec = read_spec(yaml.safe_load(text))
    assert (spec.template, spec.starts_on, spec.status) == (template, date(2026, 5, 4), "draft")
    assert spec.run_days == 7 * KINDS[template].weeks
    for number, line in enumerate(text.splitlines(), start=1):
        if re.search(r": <", line) and not line.lstrip().startswith("#"):
            assert f"registry/experiments/exp_new.yml:{number}: " in made.output
    said = re.sub(r"<[^>]+>", "said", text).replace("status: draft", "status: running")
    said = said.replace("# baseline:", "baseline:")
    path.write_text(said, encoding="utf-8")
    assert problems_of(yaml.safe_load(said)) == problems_of(yaml.load(said, yaml.BaseLoader)) == ()
    assert prereg_hash(read_spec(yaml.safe_load(said))) == prereg_hash(
        read_spec(yaml.load(said, yaml.BaseLoader))
    )
    fine = validated(home)
    assert "exp_new" in fine.output
    assert "To mend" not in fine.output
    assert "Weak" not in fine.output


def test_nothing_that_is_there_is_changed(home: Path) -> None:
    path = written(home, PLAN)
    own = home / "registry" / "metrics" / "tickets.yml"
    own.write_text(own.read_text("utf-8").replace("name: Tickets", "name: Ours"), "utf-8")
    before = own.read_text("utf-8")
    refused = begun(home, "exp_checklist")
    assert refused.exit_code == 2
    assert "is there already, and nothing in it was touched" in refused.output
    assert path.read_text("utf-8") == PLAN
    made = begun(home, "exp_next")
    assert made.exit_code == 0
    assert "wrote registry/metrics/active_days.yml" in made.output
    assert "tickets.yml" not in made.output.split("Say next")[0]
    assert own.read_text("utf-8") == before


def test_new_takes_a_metric_of_the_company_and_widens_the_window_for_it(home: Path) -> None:
    metrics = home / "registry" / "metrics"
    metrics.mkdir()
    late = {**METRIC, "metric_id": "month_2", "from_day": 28, "to_day": 55}
    (metrics / "month_2.yml").write_text(yaml.safe_dump({"kind": "metric", "metric": late}))
    made = begun(home, "exp_late", "--primary", "month_2", "--weeks", "2", "--owner", "me")
    assert made.exit_code == 0, made.output
    text = (home / "registry" / "experiments" / "exp_late.yml").read_text()
    spec = read_spec(yaml.safe_load(text))
    assert (spec.primary.metric, spec.analysis.window_days, spec.owner) == ("month_2", 56, "me")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("exp_x", "--primary", "ticket"), 2, "ticket is no metric; did you mean tickets?"),
        (("exp_x", "--primary", "nps"), 2, "Known: active_days, events_per_active_day"),
        (("../exp_x",), 2, "experiment.experiment_id: '../exp_x' may have only letters"),
        (("exp x",), 2, "may have only letters"),
        (("exp_x", "--template", "abtest"), 2, "is not one of 'ab_standard'"),
        (("exp_x", "--weeks", "0"), 2, "is not in the range"),
    ],
)
def test_new_says_what_it_can_not_do_and_writes_nothing(
    home: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    refused = begun(home, *words)
    assert (refused.exit_code, said in refused.output) == (code, True), refused.output
    assert "Traceback" not in refused.output
    assert not [path for path in (home / "registry").rglob("*") if path.is_file()]


def test_a_metric_with_mistakes_can_not_decide(home: Path) -> None:
    written(home, PLAN)
    (home / "registry" / "metrics" / "sessions.yml").write_text("kind: metric\nmetric: {}\n")
    refused = begun(home, "exp_x", "--primary", "sessions")
    assert refused.exit_code == 2
    assert "has mistakes" in refused.output


def test_the_next_monday_is_never_today() -> None:
    for day, monday in ((4, 11), (5, 11), (10, 11), (11, 18)):  # May 4 2026 is a Monday
        assert experiments._next_monday(datetime(2026, 5, day)) == datetime(2026, 5, monday)


def test_a_draft_starts_by_the_workspace_s_own_clock(home: Path) -> None:
    said = (home / "productops.yml").read_text()
    said = said.replace("org:", "org:\n  as_of: 2026-05-06T12:00:00Z", 1)
    (home / "productops.yml").write_text(said)
    assert productops("--home", home, "experiment", "new", "exp_x").exit_code == 0
    draft = (home / "registry" / "experiments" / "exp_x.yml").read_text()
    assert "starts_on: 2026-05-11" in draft


# ---- validate


def test_a_right_plan_is_told_as_fine(home: Path) -> None:
    written(home, PLAN)
    fine = validated(home)
    assert fine.exit_code == 0, fine.output
    assert "Fine" in fine.output
    assert "2026-05-04 to 2026-06-14" in fine.output
    assert validated(home, "exp_checklist").exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "marker", "said"),
    [
        ("weight: 0.5}", "weight: 0.6}", "variations:", "variations: have weights that sum to 1.1"),
        ("weight: 0.5}", "weight: half}", "half", "experiment.variations[1].weight: 'half' is no"),
        ("metric: tickets", "metric: tikets", "tikets", "no metric has the id tikets; did you"),
        ("mde_relative: 0.10, ", "", "primary:", "experiment.primary.mde_relative: is missing;"),
        ("alpha: 0.05", "alpha: 5", "alpha: 5", "experiment.analysis.alpha: is 5, it must be at"),
        ("[2026-05-25", "[2026-05-05", "looks:", "experiment.analysis.looks[0]: 2026-05-05 is"),
        (
            "unit: person",
            "unit: x\n  unit: person",
            "unit: person",
            "experiment.unit: stands there",
        ),
        ("_id: exp_checklist", "_id: exp_other", "exp_other", "call it exp_other.yml"),
        ("  decision:", "decision:", "decision:", "decision: stands beside `experiment:`; indent"),
        ("kind: experiment", "kind: test", "kind:", "kind: is no `kind: experiment`; begin the"),
        ("unit: person", "unit: person\n   x: y", "x: y", "mend the file"),
    ],
)
def test_a_problem_is_told_with_file_line_place_and_remedy(
    home: Path, old: str, new: str, marker: str, said: str
) -> None:
    text = PLAN.replace(old, new, 1)
    written(home, text)
    told = validated(home)
    assert told.exit_code == 1
    line = next(n for n, x in enumerate(text.splitlines(), start=1) if marker in x)
    lines = [x for x in told.output.splitlines() if said in x]
    assert lines, told.output
    assert lines[0].strip().startswith(f"registry/experiments/exp_checklist.yml:{line}: ")
    assert "Traceback" not in told.output


def test_problems_of_all_files_are_told_at_once(home: Path) -> None:
    written(home, PLAN.replace("unit: person", "unit: people").replace("power: 0.8", "power: 8"))
    written(home, PLAN.replace("status: decided", "status: over"), "exp_second.yml")
    metric = home / "registry" / "metrics" / "nps.yml"
    metric.write_text("kind: metric\nmetric:\n  metric_id: nps\n  kind: mean\n")
    told = validated(home)
    assert told.exit_code == 1
    for said in (
        "exp_checklist.yml:16: experiment.unit:", "analysis.power: is 8", "exp_second.yml:17:",
        "registry/metrics/nps.yml:2: metric.numerator: is missing",
    ):  # fmt: skip
        assert said in told.output, told.output
    one = validated(home, "exp_second")
    assert "exp_checklist.yml:" not in one.output
    assert "nps.yml" not in one.output


def test_an_older_short_file_is_no_mistake(home: Path) -> None:
    body = "\n".join(f"  {line}" for line in SHORT.strip().splitlines())
    written(home, f"kind: experiment\nexperiment:\n{body}\n", "exp_old.yml")
    told = validated(home)
    assert told.exit_code == 0, told.output
    assert "Not analysed" in told.output
    assert "exp_old.yml:2: experiment.primary: is missing; give metric" in told.output
    assert "To mend" not in told.output


def test_one_experiment_is_found_by_id_or_file(home: Path) -> None:
    path = written(home, PLAN.replace("unit: person", "unit: people"))
    written(home, PLAN.replace("exp_checklist", "exp_second"), "exp_second.yml")
    assert validated(home, "exp_second").exit_code == 0
    assert validated(home, path).exit_code == validated(home, "exp_checklist").exit_code == 1
    absent = validated(home, "exp_secund")
    assert absent.exit_code == 2
    assert "there is no experiment exp_secund; did you mean exp_second?" in absent.output
    assert "begin one: productops experiment new zzz" in validated(home, "zzz").output


@pytest.mark.parametrize(
    "text", ["", "[]", "kind: experiment", "kind: experiment\nexperiment: &a [*a]\n",
             "kind: experiment\nexperiment: &a {x: *a}\n", "kind: experiment\nexperiment: 3\n"],
)  # fmt: skip
def test_what_is_no_plan_at_all_is_told_without_a_crash(home: Path, text: str) -> None:
    written(home, text)
    told = validated(home)
    assert told.exit_code == 1
    assert "exp_checklist.yml:" in told.output
    assert told.exception is None or isinstance(told.exception, SystemExit)


def test_bytes_that_are_no_text_are_told_without_a_crash(home: Path) -> None:
    path = written(home, PLAN)
    path.write_bytes(b"kind: experiment\nexperiment: {name: \xff}\n")
    told = validated(home)
    assert (told.exit_code, "exp_checklist.yml:1: " in told.output) == (1, True)


def test_plans_can_be_looked_at_without_the_key_of_the_workspace(home: Path) -> None:
    written(home, PLAN)
    (home / ".env").unlink()
    assert validated(home).exit_code == 0


def test_a_workspace_without_experiments_says_how_to_begin(home: Path, tmp_path: Path) -> None:
    told = validated(home)
    assert told.exit_code == 0
    assert "experiment new" in told.output
    nowhere = validated(tmp_path)
    assert nowhere.exit_code == 2
    assert "productops init" in nowhere.output


# ---- what must agree


def test_templates_help_and_starters_agree() -> None:
    assert sorted(TEMPLATES) == TEMPLATE_FILES == sorted(experiments._TEMPLATES)
    shown = productops("experiment", "new", "--help").output
    assert "4; 2 for aa_test, 13 for holdout" in " ".join(shown.split())
    assert {name: kind.weeks for name, kind in KINDS.items() if kind.weeks != 4} == {
        "aa_test": 2, "holdout": 13,
    }  # fmt: skip
    for metric_id, metric in starter_metrics().items():
        assert metric.metric_id == metric_id
        assert read_metric(yaml.load(starter_text(metric_id), yaml.BaseLoader)) == metric
    for kind in KINDS.values():
        assert {kind.primary, *kind.guardrails, *kind.secondary} <= set(starter_metrics())


def test_help_teaches() -> None:
    shown = productops("experiment", "--help").output
    for word in ("new", "validate", "schema", *TEMPLATES, "docs/experiments.md"):
        assert word in shown
    assert "..." not in shown.split("Commands:")[1]
