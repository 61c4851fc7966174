"""The whole job on real exports that nobody here wrote, onboarded with YAML alone.

Every expected number is counted here from the files themselves with the standard library.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pytest

from ingest.ledger import Batch, read_batches
from ingest.settings import Workspace, open_workspace
from orchestration.lib.run import RunReport, run

pytestmark = pytest.mark.realdata

WORKSPACES = Path(__file__).parent / "workspaces"
FOLDERS = {
    "retentioneering_ecom": "events/retentioneering_ecom",
    "gharchive": "events/gharchive",
    "fivetran_zendesk": "support/fivetran_zendesk",
    "fivetran_hubspot": "crm/fivetran_hubspot",
    "panther_events": "vendor/panther_events",
}
# These tell the day of the export by their name alone, which the files themselves don't.
SALES = "crm/maven_crm"
EXPORTED = {name: name.replace(".csv", "_2018-01-01.csv") for name in (
    "sales_pipeline.csv", "accounts.csv")}  # fmt: skip


class Ran:
    """A workspace made of one YAML file and a folder of exports, after one run."""

    def __init__(self, home: Path, exports: Path, report: RunReport) -> None:
        self.exports = exports
        self.report = report
        self.workspace: Workspace = open_workspace(home)
        self.batches: list[Batch] = read_batches(self.workspace.lake)

    def batch(self, file: str) -> Batch:
        found = [batch for batch in self.batches if batch.source_file.endswith(file)]
        assert len(found) == 1, f"{file}: {[batch.source_file for batch in self.batches]}"
        return found[0]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        path = self.workspace.published / "current" / "productops.duckdb"
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def csv(self, file: str) -> list[dict[str, str]]:
        raw = (self.exports / file).read_bytes()
        text = gzip.decompress(raw) if file.endswith(".gz") else raw
        return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))

    def json_lines(self, file: str) -> list[dict[str, Any]]:
        lines = (self.exports / file).read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.strip()]


@pytest.fixture(scope="module", params=sorted(FOLDERS))
def ran(request: pytest.FixtureRequest, realdata: Path, tmp_path_factory) -> Ran:
    return _run(request.param, realdata, tmp_path_factory.mktemp(request.param))


_DONE: dict[str, Ran] = {}


def _run(name: str, realdata: Path, home: Path) -> Ran:
    """Runs once per workspace, whichever test asks first."""
    if name not in _DONE:
        exports = realdata / FOLDERS.get(name, SALES)
        (home / "registry").mkdir()
        (home / "drop").mkdir()
        for path in exports.iterdir():
            shutil.copyfile(path, home / "drop" / EXPORTED.get(path.name, path.name))
        shutil.copyfile(WORKSPACES / f"{name}.yml", home / "productops.yml")
        (home / ".env").write_text("PRODUCTOPS_HASH_KEY=a-key-for-tests-alone-0001\n")
        _DONE[name] = Ran(home, exports, run(open_workspace(home)))
    return _DONE[name]


@pytest.fixture
def one(realdata: Path, tmp_path: Path):
    return lambda name: _run(name, realdata, tmp_path)


def test_the_run_is_green_and_every_ledger_entry_balances(ran: Ran) -> None:
    assert ran.report.is_green, ran.report
    assert (ran.workspace.published / "current" / "pages" / "index.html").is_file()
    for batch in ran.batches:
        out = batch.rows_loaded + batch.rows_duplicate
        out += batch.rows_quarantined + batch.rows_suppressed
        assert batch.rows_in == out, batch
    assert ran.query(
        "select coalesce(sum(abs(residual_count)), 0) from marts.row_ledger__batch"
    ) == [(0,)]


def test_published_ledger_tells_what_the_files_hold(ran: Ran) -> None:
    published = dict(
        ran.query(
            "select source_file, sum(rows_in_count) from marts.row_ledger__batch "
            "where status = 'loaded' and source_file not like '%productops.yml' group by 1"
        )
    )
    assert published
    for file, rows in published.items():
        name = Path(file).name
        held = ran.json_lines(name) if name.endswith(("json", "jsonl")) else ran.csv(name)
        assert rows == len(held), file


def test_shop_events_daily_actives_are_those_of_a_plain_count(one) -> None:
    ran = one("retentioneering_ecom")
    rows = ran.csv("ecom.csv.gz")
    distinct = {tuple(row.values()) for row in rows}
    batch = ran.batch("ecom.csv.gz")
    assert (batch.rows_in, batch.rows_loaded, batch.rows_duplicate) == (
        len(rows), len(distinct), len(rows) - len(distinct),
    )  # fmt: skip
    people: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        people[row["timestamp"][:10]].add(row["user_id"])
    daily = ran.query(
        "select cast(activity_on as varchar), dau_count from marts.active_users__daily "
        "where segment = 'all' and dau_count > 0"
    )
    assert dict(daily) == {day: len(found) for day, found in people.items()}


def test_an_hour_of_public_events_counts_actors_without_the_excluded_bot(one) -> None:
    ran = one("gharchive")
    rows = ran.json_lines("2015-02-22-23.json")
    assert ran.batch(".json").rows_loaded == len({row["id"] for row in rows})
    actors = {row["actor"] for row in rows}
    assert "greatfirebot" in actors
    daily = ran.query(
        "select dau_count, excluded_person_count from marts.active_users__daily "
        "where segment = 'all' and activity_on = date '2015-02-22'"
    )
    assert daily == [(len(actors) - 1, 1)]


def test_replicated_support_tables_keep_each_ticket_and_change(one) -> None:
    ran = one("fivetran_zendesk")
    tickets = ran.csv("ticket_data.csv")
    assert ran.batch("ticket_data.csv").rows_loaded == len({row["id"] for row in tickets})
    history = ran.csv("ticket_field_history_data.csv")
    counted = Counter(tuple(row.values()) for row in history)
    batch = ran.batch("ticket_field_history_data.csv")
    assert (batch.rows_loaded, batch.rows_duplicate) == (
        len(counted), len(history) - len(counted),
    )  # fmt: skip
    created = ran.query(
        "select sum(created_count) from marts.support_load__queue_day where queue_id = 'all'"
    )
    alive = [row for row in tickets if row["status"] != "deleted"]
    assert created == [(len(alive),)]


def test_replicated_crm_tables_hold_their_rows(one) -> None:
    ran = one("fivetran_hubspot")
    for file in ("company_data.csv", "deal_data.csv", "contact_data.csv", "ticket_data.csv"):
        key = "deal_id" if file == "deal_data.csv" else "id"
        rows = ran.csv(file)
        batch = ran.batch(f"/{file}")
        assert batch.rows_in == len(rows)
        assert batch.rows_quarantined == sum(not row[key] for row in rows)


def test_a_sales_pipeline_keeps_each_deal_and_says_what_it_has_no_customer_for(one) -> None:
    ran = one("maven_crm")
    assert ran.report.is_green, ran.report
    deals = ran.csv("sales_pipeline.csv")
    mart = "from marts.opportunity__opportunity"
    assert ran.query(f"select count(*), count(distinct opportunity_id) {mart}") == [
        (len(deals), len(deals))
    ]
    # Spelled otherwise than in the list of products; not one of them is missing.
    (found,) = ran.query(f"select count(*) {mart} where opportunity_name = 'GTXPro'")
    assert found == (sum(deal["product"] == "GTXPro" for deal in deals),) == (1_480,)
    nobody = Counter(deal["account"] == "" for deal in deals)
    unmatched = ran.query(f"select unmatched_reason, count(*) {mart} group by 1 order by 1")
    assert unmatched == [("no account named", nobody[True]), (None, nobody[False])]
    assert nobody[True] == 1_425
    outcomes = dict(ran.query(f"select outcome, count(*) {mart} group by 1"))
    stages = Counter(deal["deal_stage"] for deal in deals)
    assert outcomes == {
        "won": stages["Won"], "lost": stages["Lost"],
        "open": stages["Engaging"] + stages["Prospecting"],
    }  # fmt: skip


def test_win_rates_of_a_sales_pipeline_are_those_of_a_plain_count(one) -> None:
    ran = one("maven_crm")
    ended: dict[str, Counter[str]] = defaultdict(Counter)
    waits: dict[str, list[int]] = defaultdict(list)
    for deal in ran.csv("sales_pipeline.csv"):
        if deal["deal_stage"] in ("Won", "Lost"):
            made, closed = (datetime.strptime(deal[f"{what}_date"], "%d-%m-%y")
                            for what in ("engage", "close"))  # fmt: skip
            ended[f"{closed:%Y-%m}-01"][deal["deal_stage"]] += 1
            if deal["deal_stage"] == "Won":
                waits[f"{closed:%Y-%m}-01"].append((closed - made).days)
    rows = ran.query(
        "select cast(month_on as varchar), won_count, lost_count, cycle_p50_days, win_rate "
        "from marts.win_rate__cohort_month where cohort_basis = 'closed' and deal_count > 0"
    )
    assert len(rows) == len(ended)
    for month, won, lost, wait, rate in rows:
        assert (won, lost) == (ended[month]["Won"], ended[month]["Lost"]), month
        assert wait == pytest.approx(median(waits[month])), month
        # The export was made at midnight: December isn't over everywhere.
        assert rate == (None if month == "2017-12-01" else pytest.approx(won / (won + lost)))


def _is_time(value: Any) -> bool:
    """Python reads at most six digits of a second; the logs have up to nine."""
    try:
        datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", str(value)))
    except ValueError:
        return False
    return True


# What a record must have to be loaded: a time in the log's own style, and an id where it has one.
_WHOLE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "Okta.SystemLog.jsonl": lambda r: r.get("uuid") and _is_time(r.get("published")),
    "Slack.AuditLogs.jsonl": lambda r: _is_time(r.get("date_create") or r.get("p_event_time")),
    "GitHub.Audit.jsonl": lambda r: re.fullmatch(r"[\d.]+", str(r.get("created_at"))),
    "Zoom.Operation.jsonl": lambda r: _is_time(r.get("time")),
    "Asana.Audit.jsonl": lambda r: _is_time(r.get("created_at")),
}


def test_audit_logs_set_aside_exactly_the_records_without_id_or_time(one) -> None:
    ran = one("panther_events")
    for file, is_whole in _WHOLE.items():
        records = [line["log"] for line in ran.json_lines(file)]
        whole = [record for record in records if is_whole(record)]
        batch = ran.batch(file)
        assert batch.rows_in == len(records)
        assert batch.rows_quarantined == len(records) - len(whole), file
        assert batch.rows_loaded + batch.rows_duplicate == len(whole), file
    reasons = {batch.reason for batch in ran.batches if batch.status == "rejected"}
    assert reasons == {"unknown_format"}, "the logs that nobody mapped are named, not lost"
