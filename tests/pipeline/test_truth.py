"""The marts find what was planted: the generator's own counts against what was published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analytics.brief.findings import find
from demo import write_company
from ingest.settings import HASH_KEY, open_workspace
from orchestration.lib.manifest import ensure_manifest
from orchestration.lib.run import run
from tests.pipeline.conftest import KEY

ROOT = Path(__file__).resolve().parents[2]


class Demo:
    """The whole demo company, published, and the truth about it."""

    def __init__(self, home: Path) -> None:
        self.truth = json.loads((home / "truth.json").read_text())
        self.path = home / "published" / "current" / "productops.duckdb"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The company that `make demo` made, brought up to date; or one of our own."""
    home = ROOT / "demo-company"
    ensure_manifest()
    if not (home / "published" / "current").exists() or not (home / ".env").is_file():
        home = tmp_path_factory.mktemp("demo") / "home"
        write_company(home)
        (home / ".env").write_text(f"{HASH_KEY}={KEY}\n")
    report = run(open_workspace(home))
    assert report.is_green, report
    return Demo(home)


def test_every_row_of_every_export_is_accounted_for(demo: Demo) -> None:
    seen = {
        (file_format, contract): counts
        for file_format, contract, *counts in demo.rows(
            """
            select format, contract, sum(rows_in_count), sum(rows_loaded_count),
                sum(rows_duplicate_count), sum(rows_quarantined_count), sum(rows_revision_count)
            from marts.row_ledger__batch where status = 'loaded' group by all
            """
        )
    }
    names = ("rows_in", "rows_loaded", "rows_duplicate", "rows_quarantined", "rows_revision")
    wanted = {
        (file_format, contract): [counts[name] for name in names]
        for file_format, parts in demo.truth["ledger"]["rows"].items()
        for contract, counts in parts.items()
    }
    assert wanted
    assert {key: seen.get(key) for key in wanted} == wanted


def test_active_people_of_the_chosen_days(demo: Demo) -> None:
    seen = {
        day: counts
        for day, *counts in demo.rows(
            "select cast(activity_on as varchar), dau_count, wau_count, mau28_count, mau30_count, "
            "excluded_person_count from marts.active_users__daily where segment = 'all'"
        )
    }
    for day, counts in demo.truth["active_people"]["days"].items():
        assert seen[day] == list(counts.values()), day


def test_the_launch_moves_adoption_week_by_week(demo: Demo) -> None:
    launch = demo.truth["launch"]
    seen = {
        week: counts
        for week, *counts in demo.rows(
            "select cast(week_on as varchar), feature_person_count, feature_account_count, "
            "reach_den, reach_num, excluded_person_count from marts.feature_adoption__feature_week "
            f"where feature_id = '{launch['feature_id']}'"
        )
    }
    for week in launch["weeks"]:
        names = ("people", "accounts", "entitled_active_people", "people_of_entitled")
        assert seen[week["week_on"]] == [*(week[n] for n in names), week["excluded_people"]], week


def test_who_goes_from_a_report_to_its_export(demo: Demo) -> None:
    truth = demo.truth["funnel"]
    rows = demo.rows(
        "select cast(entry_week_on as varchar), "
        "sum(case when step_number = 1 then reached_count else 0 end), "
        "sum(case when step_number = 2 then reached_count else 0 end) "
        "from marts.funnel__entry_week_step where entry_mode = 'unique_first' and is_complete "
        f"and funnel_id = '{truth['funnel_id']}' group by 1"
    )
    assert len(rows) > 10
    assert sum(reached for *_, reached in rows) > 50
    assert {w: [n, m] for w, n, m in rows} == {w: truth["weeks"].get(w, [0, 0]) for w, *_ in rows}


def test_who_is_activated_in_time(demo: Demo) -> None:
    truth = demo.truth["activation"]
    rows = demo.rows(
        "select cast(cohort_week_on as varchar), activation_den, activation_num "
        "from marts.activation__cohort_week where is_complete "
        f"and criteria_id = '{truth['criteria_id']}'"
    )
    assert len(rows) > 10
    assert sum(activated for *_, activated in rows) > 20
    assert {w: [n, m] for w, n, m in rows} == {w: truth["weeks"].get(w, [0, 0]) for w, *_ in rows}


def test_the_fixed_theme_falls(demo: Demo) -> None:
    fixed = demo.truth["fixed_theme"]
    seen = dict(
        demo.rows(
            "select cast(week_on as varchar), ticket_mention_count "
            f"from marts.theme_demand__theme_week where theme_id = '{fixed['theme_id']}'"
        )
    )
    weeks = fixed["weekly_ticket_mentions"]
    assert {week: count for week, count in seen.items() if count} == weeks
    told = [f for f in find(demo.path) if f.title == "A theme that changed"]
    assert any("Exports fail” fell" in finding.sentence for finding in told)


def test_the_score_of_the_survey(demo: Demo) -> None:
    truth = demo.truth["survey"]
    [found] = demo.rows(
        "select sum(promoter_count), sum(passive_count), sum(detractor_count), "
        "sum(test_answer_count), sum(repeated_answer_count), max(response_den) "
        f"from marts.survey__survey_period where survey_id = '{truth['survey_id']}' "
        "and segment = 'all' and question_kind = 'nps'"
    )
    names = ("promoters", "passives", "detractors", "previews")
    assert found == (*(truth[name] for name in names), 0, None)


def test_the_churned_account_goes_quiet(demo: Demo) -> None:
    churn = demo.truth["churn"]
    seen = dict(
        demo.rows(
            "select cast(activity_on as varchar), active7_person_count "
            f"from marts.account_usage__account_day where account_id = '{churn['account_id']}'"
        )
    )
    for week, people in churn["weekly_active_people"].items():
        [(sunday,)] = demo.rows(f"select cast(date '{week}' + 6 as varchar)")
        assert seen.get(sunday, 0) == people, week


def test_the_churned_account_was_among_the_least_healthy(demo: Demo) -> None:
    """One customer lost is too few to fit anything, which is said; the trend finds it anyway."""
    found = demo.rows(
        "select score_basis, loss_risk, health_score, driver_1 "
        "from marts.account_health__account_week "
        f"where account_id = '{demo.truth['churn']['account_id']}' order by week_on desc limit 2"
    )
    for basis, risk, score, driver in found:
        assert (basis, risk) == ("usage_trend_unfitted", None)
        assert score < 10
        assert driver.startswith("usage trend: ")
    assert len(found) == 2
    assert set(demo.rows("select status, model_auc from marts.health_backtest__version")) == {
        ("no_outcomes", None)
    }


def test_revenue_of_each_month_and_what_moved_it(demo: Demo) -> None:
    names = ("closing", "new", "expansion", "contraction", "churn")
    sums = ", ".join(f"sum({name}_constant_minor)" for name in names)
    seen = {
        month: dict(zip((*names, "logos"), counts, strict=True))
        for month, *counts in demo.rows(
            f"select cast(month_on as varchar), {sums}, count_if(closing_constant_minor > 0) "
            "from marts.revenue__account_month where month_on < date '2026-06-01' group by all"
        )
    }
    assert seen == demo.truth["revenue"]["months"]
    assert sum(month["churn"] for month in seen.values()) > 0


def test_idle_seats_and_the_renewal_that_is_near(demo: Demo) -> None:
    tools = demo.truth["tools"]
    seen = {
        tool: counts
        for tool, *counts in demo.rows(
            "select tool_id, purchased_seat_count, assigned_seat_count, active28_seat_count, "
            "idle90_seat_count, leaver_seat_count from marts.tool__tool_month "
            "where month_on = date '2026-06-01'"
        )
    }
    for tool, t in tools["by_tool"].items():
        names = ("purchased_seats", "assigned_seats", "active28_seats", "idle90_seats")
        assert seen[tool] == [*(t[name] for name in names), t["leavers_with_seat"]], tool
    renewal = tools["renewal"]
    [found] = demo.rows(
        "select cast(notice_by_on as varchar), days_to_notice_count, idle90_seat_count, "
        "unassigned_seat_count, reclaimable_minor from marts.renewal__contract "
        f"where contract_id = '{renewal['contract_id']}'"
    )
    assert found == (
        renewal["notice_by_on"], renewal["days_to_notice"], renewal["idle90_seats"],
        renewal["unassigned_seats"], renewal["idle_seat_year_minor"],
    )  # fmt: skip
    told = [f for f in find(demo.path) if f.title == "Idle seats before a renewal"]
    assert "9,720 USD" in told[0].sentence


def test_support_by_week_and_its_backlog(demo: Demo) -> None:
    support = demo.truth["support"]
    weeks = dict(
        demo.rows(
            "select cast(cast(date_trunc('week', day_on) as date) as varchar), "
            "cast(sum(created_count) as bigint) from marts.support_load__queue_day "
            "where queue_id = 'all' group by 1"
        )
    )
    assert {week: count for week, count in weeks.items() if count} == support["created_by_week"]
    backlog = dict(
        demo.rows(
            "select cast(day_on as varchar), backlog_count from marts.support_load__queue_day "
            "where queue_id = 'all'"
        )
    )
    assert {day: backlog[day] for day in support["backlog"]} == support["backlog"]
    [csat] = demo.rows(
        "select sum(csat_num), sum(csat_den) - sum(csat_num) "
        "from marts.support_load__queue_day where queue_id = 'all'"
    )
    assert csat == (support["csat"]["good"], support["csat"]["bad"])


def test_tickets_and_promises(demo: Demo) -> None:
    support = demo.truth["support"]
    [found] = demo.rows(
        "select count(*), sum(is_countable::int), count(*) filter (where merged_into_id is not "
        "null), count(*) filter (where is_countable and reopen_count > 0) from marts.ticket__ticket"
    )
    assert found == tuple(
        support[name]
        for name in ("ticket_count", "countable_count", "merged_count", "reopened_count")
    )
    promises = support["promises"]
    for verdict in ("achieved", "breached"):
        rows = demo.rows(
            f"select policy_id, sum({verdict}_count) from marts.sla__policy_week "
            "where metric = 'first_reply' group by 1"
        )
        assert dict(rows) == promises[verdict]
    reasons = demo.rows(
        "select distinct first_reply_business_difference_reason from marts.ticket__ticket "
        "where first_reply_business_difference_reason is not null"
    )
    assert {reason for (reason,) in reasons} <= {"equal", "later data"}


def test_each_experiment_ends_as_it_was_planted(demo: Demo) -> None:
    names = ("unit_count", "crossover_count", "state", "is_readable", "recommendation", "is_win")
    cards = {
        name: dict(zip(names, card, strict=True))
        for name, *card in demo.rows(
            f"select experiment_id, {', '.join(names)} from marts.experiment_scorecard__experiment"
        )
    }
    assert cards.keys() == demo.truth["experiments"]["by_experiment"].keys()
    for name, truth in demo.truth["experiments"]["by_experiment"].items():
        card, ends = cards[name], truth["ends"]
        assert card["unit_count"] == sum(truth["units"].values()), name
        assert card["crossover_count"] == truth["crossover_units"], name
        latest = f"where experiment_id = '{name}' and is_latest"
        gates = f"select gate from marts.experiment_gate__gate {latest} and status = 'fail'"
        seen = card | {"failed_gates": [gate for (gate,) in demo.rows(gates)]}
        assert {key: seen[key] for key in ends} == ends, name
        readouts = "marts.experiment_readout__metric_arm"
        [(figures,)] = demo.rows(f"select count(relative) from {readouts} {latest}")
        assert (figures > 0) == card["is_readable"], name
        if truth["status"] != "running":  # All units have their whole window.
            [(control, treatment)] = demo.rows(
                f"select control_count, treatment_count from {readouts} {latest} "
                "and role = 'primary' and is_deciding"
            )
            assert [control, treatment] == [*truth["units"].values()], name
