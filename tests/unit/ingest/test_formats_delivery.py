"""Issue trackers, deployments and incidents in their vendors' own shapes: exact rows come out."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest

from tests.unit.ingest.conftest import loaded, part, rejected

NINE, TEN = datetime(2026, 5, 1, 9), datetime(2026, 5, 1, 10)

ANN = {"accountId": "5b10a2844c20165700ede21g", "displayName": "Ann", "emailAddress": "a@b.test"}
STATUS = {"id": "3", "name": "In Arbeit",
          "statusCategory": {"id": 4, "key": "indeterminate", "name": "In Progress"}}  # fmt: skip
JIRA = {
    "expand": "operations,changelog", "id": "10063", "key": "EXP-12",
    "self": "https://acme.test/rest/api/3/issue/10063",
    "fields": {
        "summary": "Export fails", "issuetype": {"id": "10004", "name": "Bug", "subtask": False},
        "status": STATUS, "priority": {"id": "2", "name": "High"},
        "project": {"id": "10009", "key": "EXP"}, "parent": {"id": "10001", "key": "EXP-1"},
        "customfield_10016": 3.0, "labels": ["export", "csv"],
        "customfield_10020": [{"id": 4, "name": "Sprint 4", "state": "closed"},
                              {"id": 5, "name": "Sprint 5", "state": "active"}],
        "fixVersions": [{"id": "1", "name": "2026.5"}], "assignee": ANN, "reporter": None,
        "created": "2026-05-01T11:00:00.000+0200", "updated": "2026-05-01T12:00:00.000+0200",
        "resolutiondate": None, "duedate": "2026-05-20",
        "description": {"type": "doc", "version": 1, "content": []},
    },
    "changelog": {
        "startAt": 0, "maxResults": 2, "total": 2,
        "histories": [
            {"id": "57278", "author": ANN, "created": "2026-05-01T12:00:00.000+0200", "items": [
                {"field": "status", "fieldtype": "jira", "fieldId": "status", "from": "10000",
                 "fromString": "To Do", "to": "3", "toString": "In Arbeit"},
                {"field": "assignee", "fieldtype": "jira", "fieldId": "assignee", "from": None,
                 "fromString": None, "to": ANN["accountId"], "toString": "Ann"}]},
            {"id": "57279", "author": ANN, "created": "2026-05-01T12:00:00.000+0200", "items": [
                {"field": "Link", "fieldtype": "jira", "from": None, "fromString": None,
                 "to": "EXP-3", "toString": "This issue blocks EXP-3"},
                {"field": "Link", "fieldtype": "jira", "from": None, "fromString": None,
                 "to": "EXP-4", "toString": "This issue blocks EXP-4"}]}],
    },
}  # fmt: skip


def _jira(*issues: Any) -> str:
    return json.dumps({"issues": issues, "nextPageToken": "CAEaAggD", "isLast": False})


def test_jira_search_gives_items_and_each_change_of_their_history(place) -> None:
    outcome = place.land("jira.json", _jira(JIRA))
    assert {p.contract: p.rows_loaded for p in outcome.parts} == {
        "work_items": 1, "work_item_events": 4,
    }  # fmt: skip
    assert place.rows(
        "work_items",
        "work_item_id, work_item_key, item_type, status, status_category, project_ref, parent_ref, "
        "estimate, iterations, labels, releases, assignee_ref, reporter_ref, created_at, due_on, "
        "updated_at",
    ) == [
        ("10063", "EXP-12", "bug", "In Arbeit", "in_progress", "EXP", "10001", 3.0,
         '["Sprint 4","Sprint 5"]', '["export","csv"]', '["2026.5"]', ANN["accountId"], None,
         NINE, date(2026, 5, 20), TEN)
    ]  # fmt: skip
    assert place.rows(
        "work_item_events",
        "work_item_id, occurred_at, actor_ref, field, previous_value, value, value_ref",
        "order by source_line, field, value",
    ) == [
        ("10063", TEN, ANN["accountId"], "assignee", None, "Ann", ANN["accountId"]),
        ("10063", TEN, ANN["accountId"], "link", None, "This issue blocks EXP-3", "EXP-3"),
        ("10063", TEN, ANN["accountId"], "link", None, "This issue blocks EXP-4", "EXP-4"),
        ("10063", TEN, ANN["accountId"], "status", "To Do", "In Arbeit", "3"),
    ]


def test_jira_fetched_with_overlap_counts_no_change_twice(place) -> None:
    place.drop("jira-1.json", _jira(JIRA))
    later = JIRA | {"fields": JIRA["fields"] | {"updated": "2026-05-02T12:00:00.000+0200"}}
    place.drop("jira-2.json", _jira(later, JIRA | {"id": "10064", "key": "EXP-13"}))
    place.run()
    assert place.rows("work_items", "work_item_id, is_revision", "order by 1, 2") == [
        ("10063", False), ("10063", True), ("10064", False),
    ]  # fmt: skip
    assert place.rows("work_item_events", "work_item_id, count(*)", "group by 1 order by 1") == [
        ("10063", 4), ("10064", 4),
    ]  # fmt: skip


def test_jira_fields_that_sites_use_for_other_things_and_sprints_as_data_center_writes_them(
    place,
) -> None:
    sprint = "com.atlassian.greenhopper.service.sprint.Sprint@1[id={0},state=CLOSED,name={1}{2}]"
    other = {"customfield_10016": None, "customfield_10004": {"value": "Large", "id": "10001"},
             "customfield_10020": [sprint.format(4, "Export, part 1", ",startDate=,goal=a=b"),
                                   sprint.format(5, "Sprint 5", "")]}  # fmt: skip
    place.land("jira.json", _jira(JIRA | {"fields": JIRA["fields"] | other}))
    assert place.rows("work_items", "estimate, iterations") == [
        (None, '["Export, part 1","Sprint 5"]')
    ]


def test_jira_history_keeps_values_that_are_json(place) -> None:
    item = {"field": "Checklist", "fieldId": "customfield_1", "from": '[{"id":1}]', "to": "[]",
            "fromString": None, "toString": None}  # fmt: skip
    history = JIRA["changelog"]["histories"][0] | {"items": [item]}
    issue = JIRA | {"changelog": {"histories": [history]}}
    outcome = place.land("jira.json", _jira(issue))
    assert part(outcome, "work_item_events")["loaded"] == 1


def test_jira_issue_without_history_or_id(place) -> None:
    bare = {key: value for key, value in JIRA.items() if key != "changelog"}
    place.land("jira.json", _jira(bare, bare | {"id": None}, "not an issue"))
    assert place.rows("work_items", "count(*)") == [(1,)]
    assert place.rows("work_item_events", "count(*)") == [(0,)]
    assert [(row[1], row[2]) for row in place.quarantine()] == [
        (2, "missing_work_item_id"), (3, "missing_work_item_id"),
    ]  # fmt: skip


JIRA_CSV = (
    "Summary,Issue key,Issue id,Issue Type,Status,Project key,Priority,Assignee,Assignee Id,"
    "Reporter,Created,Updated,Resolved,Due date,Labels,Labels,Sprint,Sprint,Sprint,Comment,"
    "Comment,Fix versions,Status Category,Parent\n"
    '"Export, as CSV",EXP-12,10063,Bug,Done,EXP,High,Ann,5b10,Bob,01/May/26 9:00 AM,'
    "01/May/26 10:00 AM,01/May/26 10:00 AM,,export,,Sprint 4,Sprint 5,,"
    '"01/May/26 9:30 AM;5b10;one, by a@b.test","01/May/26 9:40 AM;5b10;two\nlines",2026.5,Done,1\n'
    "No time,EXP-13,10064,Story,To Do,EXP,Low,,,Bob,yesterday,01/May/26 10:00 AM,,,,,,,,,,,To Do,\n"
)


def test_jira_csv_repeats_headers_and_nothing_of_them_is_lost(place) -> None:
    outcome = place.land("Jira.csv", JIRA_CSV)
    assert loaded(outcome) == {"in": 2, "loaded": 1, "duplicate": 0, "quarantined": 1}
    columns = (
        "work_item_id, title, status_category, iterations, labels, releases, created_at, "
        "resolved_at, assignee_ref, extra"
    )
    assert place.rows("work_items", columns) == [
        ("10063", "Export, as CSV", "done", '["Sprint 4","Sprint 5"]', '["export"]', '["2026.5"]',
         NINE, TEN, "5b10",
         '{"comment":"01/May/26 9:30 AM;5b10;one, by ***@b.test",'
         '"comment_2":"01/May/26 9:40 AM;5b10;two\\nlines"}')
    ]  # fmt: skip
    assert [(row[1], row[2]) for row in place.quarantine()] == [(4, "bad_created_at")]


ISSUE = {
    "id": 1, "node_id": "I_1", "number": 7, "title": "Crash", "state": "closed",
    "url": "https://api.github.com/repos/acme/app/issues/7",
    "repository_url": "https://api.github.com/repos/acme/app",
    "labels_url": "https://api.github.com/repos/acme/app/issues/7/labels{/name}",
    "html_url": "https://github.com/acme/app/issues/7", "state_reason": "not_planned",
    "user": {"login": "ann", "id": 11}, "assignee": {"login": "bob", "id": 12},
    "labels": [{"id": 1, "name": "bug"}, {"id": 2, "name": "export"}],
    "milestone": {"title": "May release", "due_on": "2026-05-31T07:00:00Z"}, "comments": 2,
    "created_at": "2026-05-01T09:00:00Z", "updated_at": "2026-05-01T10:00:00Z",
    "closed_at": "2026-05-01T10:00:00Z", "body": "It crashes", "author_association": "MEMBER",
}  # fmt: skip
PULL = ISSUE | {
    "id": 2, "number": 8, "state": "open", "state_reason": None, "milestone": None, "labels": [],
    "html_url": "https://github.com/acme/app/pull/8", "assignee": None, "closed_at": None,
    "draft": False, "pull_request": {"url": "https://api.github.com/repos/acme/app/pulls/8",
                                     "merged_at": None},
}  # fmt: skip


def test_github_issues_and_pull_requests_are_told_apart(place) -> None:
    place.land("issues.json", json.dumps([ISSUE, PULL]))
    columns = (
        "work_item_id, work_item_key, item_type, status, status_category, project_ref, labels, "
        "releases, assignee_ref, reporter_ref, resolved_at, due_on"
    )
    assert place.rows("work_items", columns, "order by 1") == [
        ("1", "acme/app/issues/7", "issue", "not_planned", "cancelled", "acme/app",
         '["bug","export"]', '["May release"]', "12", "11", TEN, date(2026, 5, 31)),
        ("2", "acme/app/pull/8", "pull_request", "open", "todo", "acme/app",
         None, None, None, "11", None, None),
    ]  # fmt: skip


DEPLOYMENT = {
    "url": "https://api.github.com/repos/acme/app/deployments/42", "id": 42, "node_id": "DE_42",
    "task": "deploy", "original_environment": "production", "environment": "production",
    "description": None, "created_at": "2026-05-01T09:00:00Z", "updated_at": "2026-05-01T10:00:00Z",
    "statuses_url": "https://api.github.com/repos/acme/app/deployments/42/statuses",
    "repository_url": "https://api.github.com/repos/acme/app", "ref": "main", "payload": {},
    "sha": "bbc3b34151acacffa8a44a7cf422cef3b2f9ef46", "creator": {"login": "ci", "id": 9},
    "transient_environment": False, "production_environment": True,
}  # fmt: skip
DEPLOYED = {
    "url": "https://api.github.com/repos/acme/app/deployments/42/statuses/1", "id": 42,
    "node_id": "DES_1", "state": "error", "creator": {"login": "ci", "id": 9}, "description": "",
    "environment": "production", "target_url": "", "created_at": "2026-05-01T10:00:00Z",
    "updated_at": "2026-05-01T10:00:00Z",
    "deployment_url": "https://api.github.com/repos/acme/app/deployments/42",
    "repository_url": "https://api.github.com/repos/acme/app", "environment_url": "", "log_url": "",
}  # fmt: skip


def test_github_deployments_and_their_statuses_are_states_of_one_deployment(place) -> None:
    place.drop("deployments.json", json.dumps([DEPLOYMENT]))
    place.drop("statuses_42.json", json.dumps([DEPLOYED, DEPLOYED | {"created_at": "x", "id": 2}]))
    place.run()
    columns = "deployment_id, state, occurred_at, service, is_production, commit_sha, git_ref"
    assert place.rows("deployments", columns, "order by occurred_at") == [
        ("42", "created", NINE, "acme/app", True, DEPLOYMENT["sha"], "main"),
        ("42", "failure", TEN, "acme/app", None, None, None),
    ]
    assert [row[2] for row in place.quarantine()] == ["bad_occurred_at"]


INCIDENT = {
    "id": "Q3YON8WNWTZMRQ", "type": "incident", "summary": "[#4] Crash reported",
    "incident_number": 4, "title": "Crash reported", "created_at": "2026-05-01T09:00:00Z",
    "updated_at": "2026-05-01T10:00:00Z", "status": "resolved", "incident_key": "bb60",
    "service": {"id": "PIKL83L", "type": "service_reference", "summary": "DevService"},
    "assignments": [], "last_status_change_at": "2026-05-01T10:00:00Z",
    "resolved_at": "2026-05-01T10:00:00Z", "alert_counts": {"all": 1, "triggered": 0},
    "teams": [{"id": "PTEAM01", "type": "team_reference", "summary": "Core"}],
    "acknowledgements": [{"at": "2026-05-01T09:05:00Z", "acknowledger": {"id": "PQYACO3"}}],
    "priority": {"id": "P1", "summary": "P1"}, "urgency": "high",
}  # fmt: skip


def test_pagerduty_pages_of_incidents(place) -> None:
    old = {key: value for key, value in INCIDENT.items()
           if key not in {"updated_at", "resolved_at", "priority", "teams"}}  # fmt: skip
    old |= {"id": "Q4", "status": "triggered", "acknowledgements": [{"at": "soon"}]}
    lost = INCIDENT | {"id": "Q5", "created_at": None}
    page = {"incidents": [INCIDENT, old | {"acknowledgements": []}, old | {"id": "Q6"}, lost],
            "limit": 25, "offset": 0, "total": None, "more": True}  # fmt: skip
    outcome = place.land("incidents.json", json.dumps(page))
    assert part(outcome, "incidents") == {"in": 4, "loaded": 3, "duplicate": 0, "quarantined": 1}
    columns = (
        "incident_id, title, status, priority, urgency, service, team_ref, created_at, "
        "acknowledged_at, resolved_at, updated_at"
    )
    old_row = ("Crash reported", "triggered", None, "high", "DevService", None, NINE, None, None)
    assert place.rows("incidents", columns, "order by 1") == [
        ("Q3YON8WNWTZMRQ", "Crash reported", "resolved", "P1", "high", "DevService", "PTEAM01",
         NINE, datetime(2026, 5, 1, 9, 5), TEN, TEN),
        ("Q4", *old_row, TEN),
        # A time that is none is not known; the incident counts all the same.
        ("Q6", *old_row, TEN),
    ]  # fmt: skip
    assert [row[2] for row in place.quarantine()] == ["missing_created_at"]


def test_an_issue_of_another_shape_costs_itself_and_not_the_page(place) -> None:
    odd = JIRA | {"id": "10064", "fields": JIRA["fields"] | {"status": "Done"}}
    outcome = place.land("jira.json", _jira(odd, JIRA))
    assert part(outcome, "work_items")["quarantined"] == 1
    assert place.rows("work_items", "work_item_id") == [("10063",)]
    assert '"10064"' in place.quarantine()[0][3]


@pytest.mark.parametrize(
    ("file", "text"),
    [("jira.json", _jira(JIRA)), ("issues.json", json.dumps([ISSUE])),
     ("incidents.json", json.dumps({"incidents": [INCIDENT], "more": False}))],
)  # fmt: skip
def test_a_page_that_was_cut_off_is_refused_whole(place, file, text) -> None:
    rejected(place.land(file, text[:-40]), "malformed_json")
