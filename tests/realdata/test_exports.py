"""Exports of trackers, help desks, CRM, surveys and event tools, taken in by mappings alone.

Belongs here: rows in against rows accounted for, and the traps of each export. Every expected
number is counted here with the csv and json modules. Does not belong here: what the warehouse
makes of the rows. Of each folder only the files are read that product operations can use; of the
collector's folder those of cards and plans are left out, since they name no time of creation.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from tests.realdata.conftest import Export, Row

pytestmark = pytest.mark.realdata

ALL_OF_IT: list[tuple[str, str, dict[str, str]]] = [
    ("fivetran_github", "vendor/fivetran_github", {
        "github_issue_data.csv": "id", "github_issue_closed_history_data.csv": "issue_id",
        "github_issue_merged_data.csv": "issue_id"}),
    ("fivetran_asana", "vendor/fivetran_asana", {"task_data.csv": "id", "story_data.csv": "id"}),
    ("fivetran_salesforce", "crm/fivetran_salesforce", {
        "sf_account_data.csv": "id", "sf_opportunity_data.csv": "id", "sf_task_data.csv": "id",
        "sf_event_data.csv": "id"}),
    ("fivetran_intercom", "support/fivetran_intercom", {
        "conversation_history_data.csv": "updated_at", "contact_history_data.csv": "id",
        "conversation_part_history_data.csv": "id", "company_history_data.csv": "id"}),
    ("fivetran_servicenow", "support/fivetran_servicenow", {
        "task_data.csv": "sys_id", "sys_user_data.csv": "sys_id"}),
    ("fivetran_amplitude", "events/fivetran_amplitude", {"amplitude_event_data.csv": "uuid"}),
    ("fivetran_pendo", "events/fivetran_pendo", {
        "event.csv": "timestamp", "feature_event.csv": "timestamp",
        "page_event.csv": "timestamp"}),
    ("moms_flower_shop", "events/moms_flower_shop", {
        "raw_inapp_events.csv": "event_id", "raw_customers.csv": "id"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "folder", "keys"), ALL_OF_IT, ids=[i[0] for i in ALL_OF_IT])
def test_every_row_of_a_sound_table_is_loaded_once(take, name, folder, keys) -> None:
    export = take(name, folder, *keys)
    for file, key in keys.items():
        rows = export.csv(file)
        assert len({row[key] for row in rows}) == len(rows) > 0, file
        assert export.counts(file) == (len(rows), len(rows), 0, 0), file


def test_jira_item_that_was_never_updated_is_set_aside_and_named(take) -> None:
    files = ("issue.csv", "issue_field_history.csv", "issue_multiselect_history.csv")
    export = take("fivetran_jira", "vendor/fivetran_jira", *files)
    issues = export.csv("issue.csv")
    stale = [row["id"] for row in issues if not row["updated"]]
    assert stale == ["10027"]
    assert export.counts("issue.csv") == (len(issues), len(issues) - 1, 0, 1)
    assert [row[2] for row in export.place.quarantine()] == ["missing_updated_at"]
    for file in files[1:]:
        rows = export.csv(file)
        assert export.counts(file) == (len(rows), len(rows), 0, 0)
    ids = export.place.rows("work_items", "work_item_id", "order by 1")
    assert ids == sorted((row["id"],) for row in issues if row["updated"])


def test_github_tells_pull_requests_from_issues(take) -> None:
    export = take("fivetran_github", "vendor/fivetran_github", "github_issue_data.csv")
    kinds = Counter(row["pull_request"] for row in export.csv("github_issue_data.csv"))
    truth = [("issue", kinds["FALSE"]), ("pull_request", kinds["TRUE"])]
    found = export.place.rows("work_items", "item_type, count(*)", "group by 1 order by 1")
    assert found == truth == [("issue", 30), ("pull_request", 167)]


DEVLAKE = {
    "jira/raw_tables/_raw_jira_api_issues.csv", "issue_trace/raw_tables/issues.csv",
    "jira/raw_tables/_raw_jira_api_issue_changelogs.csv",
    "pagerduty/raw_tables/_raw_pagerduty_incidents.csv",
    "opsgenie/raw_tables/_raw_opsgenie_incidents.csv",
    "issue_trace/raw_tables/issue_changelogs.csv",
}  # fmt: skip


def _cells(export: Export, file: str) -> list[dict]:
    return [json.loads(row["data"]) for row in export.csv(file)]


def _changes(issue: dict) -> list[str]:
    return [
        json.dumps([issue["id"], history["id"], item], sort_keys=True)
        for history in issue.get("changelog", {}).get("histories", ())
        for item in history["items"]
    ]


def test_json_inside_of_csv_cells(take) -> None:
    export = take("devlake", "vendor/devlake", *sorted(DEVLAKE))
    issues = _cells(export, "jira/raw_tables/_raw_jira_api_issues.csv")
    file = "_raw_jira_api_issues.csv"
    assert export.counts(file, "work_items") == (len(issues), len(issues), 0, 0)
    changes = [change for issue in issues for change in _changes(issue)]
    once = len(set(changes))
    assert export.counts(file, "work_item_events") == (
        len(changes), once, len(changes) - once, 0,
    )  # fmt: skip
    logs = _cells(export, "jira/raw_tables/_raw_jira_api_issue_changelogs.csv")
    items = [json.dumps([log["id"], item]) for log in logs for item in log["items"]]
    assert export.counts("_raw_jira_api_issue_changelogs.csv")[:2] == (len(items), len(set(items)))
    for file in ("issue_trace/raw_tables/issues.csv", "issue_trace/raw_tables/issue_changelogs.csv",
                 "pagerduty/raw_tables/_raw_pagerduty_incidents.csv",
                 "opsgenie/raw_tables/_raw_opsgenie_incidents.csv"):  # fmt: skip
        rows = len(export.csv(file))
        assert export.counts(Path(file).name) == (rows, rows, 0, 0), file
    # `+0800` is no offset to some readers: a status of 2021 would move by eight hours.
    created = {issue["id"]: issue["fields"]["created"] for issue in issues}
    found = dict(export.place.rows("work_items", "work_item_id, created_at",
                                   "and source = 'jira'"))  # fmt: skip
    assert found == {key: _utc(text) for key, text in created.items()}


def _utc(text: str) -> datetime:
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
    return (at - (at.utcoffset() or at - at)).replace(tzinfo=None)


def test_the_same_answers_as_pages_are_native_exports(take, realdata, tmp_path) -> None:
    export = take("devlake", "vendor/devlake")
    issues = _cells(export, "jira/raw_tables/_raw_jira_api_issues.csv")
    calls = _cells(export, "pagerduty/raw_tables/_raw_pagerduty_incidents.csv")
    place = export.place
    jira = place.land("search.json", json.dumps({"startAt": 0, "issues": issues}))
    pager = place.land("page.json", json.dumps({"incidents": calls, "more": False}))
    assert (jira.format, pager.format) == ("jira_issues", "pagerduty_incidents")
    changes = {change for issue in issues for change in _changes(issue)}
    loaded = {part.contract: part.rows_loaded for outcome in (jira, pager)
              for part in outcome.parts}  # fmt: skip
    assert loaded == {
        "work_items": len(issues), "work_item_events": len(changes), "incidents": len(calls),
    }  # fmt: skip
    truth = {(c["id"], c["status"]) for c in calls}
    assert set(place.rows("incidents", "incident_id, status")) == truth


def test_pipeline_days_and_open_deals(take) -> None:
    export = take(
        "maven_crm", "crm/maven_crm",
        **{"sales_pipeline.csv": "sales_pipeline_2018-01-01.csv",
           "accounts.csv": "accounts_2018-01-01.csv"},
    )  # fmt: skip
    deals = export.csv("sales_pipeline.csv")
    assert export.counts("sales_pipeline_2018-01-01.csv") == (8800, 8800, 0, 0)
    assert export.counts("accounts_2018-01-01.csv") == (85, 85, 0, 0)
    stages = Counter(row["deal_stage"].lower() for row in deals)
    found = export.place.rows("opportunities", "stage, count(*)", "group by 1")
    assert dict(found) == stages
    won = sum(100 * int(row["close_value"]) for row in deals if row["deal_stage"] == "Won")
    nobody = sum(not row["account"] for row in deals)
    assert export.place.rows(
        "opportunities",
        "sum(amount_minor) filter (where is_won), count(*) filter (where account_ref is null), "
        "max(cast(closes_on as varchar)), count(*) filter (where closes_on is null)",
    ) == [(won, nobody, "2017-12-31", sum(not row["close_date"] for row in deals))]
    # A product's name in two spellings stays as it was written: nothing is lost in a join here.
    names = dict(export.place.rows("opportunities", "name, count(*)", "group by 1"))
    assert names == Counter(row["product"] for row in deals)
    assert names["GTXPro"] == 1480


def test_survey_with_lines_inside_of_answers(take) -> None:
    file = "20160115235816-SurveyExport.csv"
    export = take("jupyter_2015", "surveys/jupyter_2015", file)
    rows = export.csv(file)
    apart = {"Time Started", "Date Submitted", "Status"}
    answers = [(r["Time Started"], r["Date Submitted"], k, v)
               for r in rows for k, v in r.items() if k not in apart]  # fmt: skip
    total, loaded, duplicate, aside = export.counts(file)
    assert (total, aside, loaded + duplicate) == (len(answers), 0, len(answers))
    assert loaded == len(set(answers))
    filled = {(a, b, k) for a, b, k, v in answers if v.strip()}
    found = export.place.rows(
        "survey_responses",
        "count(answer_text), count(*) filter (where contains(answer_text, chr(10)))",
    )
    lines = {(a, b, k, v) for a, b, k, v in answers if "\n" in v.strip()}
    assert found == [(len(filled), len(lines))]


def test_qualtrics_responses(take) -> None:
    export = take("fivetran_qualtrics", "surveys/fivetran_qualtrics", "survey_response.csv")
    rows = export.csv("survey_response.csv")
    assert export.counts("survey_response.csv") == (2 * len(rows), 2 * len(rows), 0, 0)
    found = export.place.rows("survey_responses", "response_id, answer_number",
                              "and question_id = 'progress'")  # fmt: skip
    assert dict(found) == {row["id"]: float(row["progress"]) for row in rows}


STATES = {"New": "new", "Active": "open", "Resolved": "solved", "Closed": "closed",
          "Awaiting User Info": "pending", "Awaiting Problem": "hold",
          "Awaiting Vendor": "hold", "Awaiting Evidence": "hold"}  # fmt: skip


def test_incident_log_has_days_first_and_question_marks_for_nothing(take) -> None:
    export = take("servicenow_incident", "support/servicenow_incident", "incident_event_log.csv")
    rows = export.csv("incident_event_log.csv")
    read = ("number", "incident_state", "priority", "contact_type", "assignment_group",
            "caller_id", "opened_by", "assigned_to", "opened_at", "sys_updated_at")  # fmt: skip
    versions = {tuple(row[name] for name in read) for row in rows}
    assert export.counts("incident_event_log.csv") == (
        len(rows), len(versions), len(rows) - len(versions), 0,
    )  # fmt: skip
    numbers = {row["number"] for row in rows}
    found = export.place.rows(
        "tickets",
        "count(distinct ticket_id), count(*) filter (where not is_revision), "
        "count(*) filter (where assignee_ref = '?')",
    )
    assert found == [(len(numbers), len(numbers), 0)] == [(890, 890, 0)]
    first = min(datetime.strptime(row["opened_at"], "%d-%m-%Y %H:%M") for row in rows)
    assert export.place.rows("tickets", "min(created_at)") == [(first,)]
    states = Counter(STATES[version[1]] for version in versions)
    assert dict(export.place.rows("tickets", "status, count(*)", "group by 1")) == states


def test_complaints_without_an_id_repeat_only_where_whole_rows_do(take) -> None:
    export = take("cfpb_complaints", "support/cfpb_complaints/data", "complaints.csv")
    rows = export.csv("complaints.csv")
    once = len({tuple(row.values()) for row in rows})
    assert export.counts("complaints.csv") == (len(rows), once, len(rows) - once, 0)
    assert (len(rows), len(rows) - once) == (20_000, 23)


def test_intercom_keeps_each_version_of_a_conversation(take) -> None:
    file = "conversation_history_data.csv"
    export = take("fivetran_intercom", "support/fivetran_intercom", file)
    last: dict[str, Row] = {}
    for row in sorted(export.csv(file), key=lambda row: row["updated_at"]):
        last[row["id"]] = row
    found = export.place.rows("tickets", "ticket_id, arg_max(status, version_at)", "group by 1")
    assert dict(found) == {key: row["state"] for key, row in last.items()}


def test_mixpanel_keeps_an_event_that_was_sent_again_as_a_rival(take) -> None:
    export = take("fivetran_mixpanel", "events/fivetran_mixpanel", "event.csv")
    rows = export.csv("event.csv")
    ids = {row["insert_id"] for row in rows}
    batch = export.batch("event.csv")
    assert (batch.rows_in, batch.rows_loaded, batch.rows_revision) == (5, 5, 5 - len(ids))
    titles = {json.loads(row["properties"])["title"] for row in rows}
    found = export.place.rows("usage_events", "distinct json_extract_string(properties, '$.title')")
    assert {title for (title,) in found} == titles


def test_amplitude_out_of_session_events_have_no_session(take) -> None:
    file = "amplitude_event_data.csv"
    export = take("fivetran_amplitude", "events/fivetran_amplitude", file)
    outside = sum(row["session_id"] == "-1" for row in export.csv(file))
    assert outside
    assert export.place.rows(
        "usage_events", "count(*) filter (where session_id is null), count(*) filter "
        "(where is_clock_skewed)",
    ) == [(outside, _ahead(export.csv(file)))]  # fmt: skip


def _ahead(rows: list[Row]) -> int:
    """Events that claim to have happened more than ten minutes after they were received."""
    at = datetime.fromisoformat
    gaps = [at(r["event_time"]) - at(r["server_received_time"]) for r in rows]
    return sum(gap.total_seconds() > 600 for gap in gaps)


def test_pendo_buckets_say_how_often(take) -> None:
    export = take("fivetran_pendo", "events/fivetran_pendo", "event.csv")
    often = sum(int(row["num_events"]) for row in export.csv("event.csv"))
    found = export.place.rows(
        "usage_events", "sum(cast(json_extract_string(properties, '$.num_events') as integer))"
    )
    assert found == [(often,)]


def test_flower_shop_numbers_and_blanks(take) -> None:
    export = take("moms_flower_shop", "events/moms_flower_shop", "raw_inapp_events.csv")
    rows = export.csv("raw_inapp_events.csv")
    actors = {row["customer_id"] for row in rows}
    last = max(int(row["event_time"]) for row in rows)
    blank = sum(not row["campaign_id"].strip() for row in rows)
    found = export.place.rows(
        "usage_events", "count(distinct user_id), cast(epoch_ms(max(occurred_at)) as bigint), "
        "count(*) filter (where json_extract_string(properties, '$.campaign_id') is null)",
    )  # fmt: skip
    assert found == [(len(actors), last, blank)] == [(1000, last, 15428)]
