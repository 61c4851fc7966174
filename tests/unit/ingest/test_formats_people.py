"""Who is who, who has a seat, who used what; and trackers and desks of other shapes."""

from __future__ import annotations

import json
from datetime import date, datetime

from ingest.ledger import read_manifests
from tests.unit.ingest.conftest import lines, loaded, part
from tests.unit.ingest.test_formats import key

NINE, TEN = datetime(2026, 5, 1, 9), datetime(2026, 5, 1, 10)
DAY = datetime(2026, 5, 1)


def test_hubspot_contacts_that_were_merged_keep_their_old_ids(place) -> None:
    winner = {"id": "101", "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-05-01T09:00:00Z",
              "properties": {"email": "ANN@corp.test", "associatedcompanyid": "77",
                             "lastmodifieddate": "2026-05-01T09:00:00Z",
                             "hs_merged_object_ids": "55; 56"}}  # fmt: skip
    alone = {"id": "102", "updatedAt": "2026-05-01T09:00:00Z",
             "properties": {"email": "bob@corp.test", "lastmodifieddate": "2026-05-01T09:00:00Z",
                            "hs_merged_object_ids": None}}  # fmt: skip
    outcome = place.land("contacts.json", json.dumps({"results": [winner, alone], "paging": None}))
    assert loaded(outcome) == {"in": 4, "loaded": 4, "duplicate": 0, "quarantined": 0}
    ann = ("77", key("ann@corp.test"), "corp.test", "contact", NINE)
    columns = "identity_ref, account_ref, email_key, email_domain, role, updated_at"
    assert place.rows("identities", columns, "order by identity_ref") == [
        ("101", *ann),
        ("102", None, key("bob@corp.test"), "corp.test", "contact", NINE),
        ("55", *ann),
        ("56", *ann),
    ]


def test_further_addresses_of_a_hubspot_contact_are_mailboxes_of_the_same_person(place) -> None:
    facts = {"email": "Ann@corp.test", "lastmodifieddate": "2026-05-01T09:00:00Z",
             "hs_additional_emails": "old@corp.test;ANN@home.test"}  # fmt: skip
    place.land("c.json", json.dumps({"results": [{"id": "101", "properties": facts}]}))
    columns = "identity_ref, role, email_key, email_domain, extra"
    ann = (key("ann@corp.test"), "corp.test", None)
    assert set(place.rows("identities", columns)) == {
        ("101", "contact", *ann), (key("old@corp.test"), "mailbox", *ann),
        (key("ann@home.test"), "mailbox", *ann),
    }  # fmt: skip


def test_hubspot_companies_that_were_merged_are_gone_and_lead_to_the_one_that_stays(place) -> None:
    def company(number: int, arr: str, day: int, merged: str | None = None) -> dict:
        facts = {"name": f"C{number}", "domain": f"c{number}.test", "lifecyclestage": "evangelist",
                 "arr": arr, "currency": "EUR", "hs_merged_object_ids": merged,
                 "hs_lastmodifieddate": f"2026-05-0{day}T00:00:00Z"}  # fmt: skip
        return {"id": str(number), "properties": facts, "archived": False}

    place.drop("1.json", json.dumps({"results": [company(55, "50", 1), company(101, "120", 1)]}))
    place.drop("2.json", json.dumps({"results": [company(101, "120", 3, "55;56")]}))
    place.run()
    columns = "account_ref, name, domain, arr_minor, lifecycle, parent_ref, day(updated_at)"
    assert place.rows("accounts", columns, "order by account_ref, updated_at") == [
        ("101", "C101", "c101.test", 12000, "customer", None, 1),
        ("101", "C101", "c101.test", 12000, "customer", None, 3),
        ("55", "C55", "c55.test", 5000, "customer", None, 1),
        ("55", "C101", "c101.test", None, "merged", "101", 3),
        ("56", "C101", "c101.test", None, "merged", "101", 3),
    ]
    gone = place.rows("accounts", "distinct account_ref", "and is_deleted order by 1")
    assert gone == [("55",), ("56",)]


def test_salesforce_contacts_and_leads_are_people_of_accounts(place) -> None:
    place.drop(
        "Contact.csv",
        '"ID","ISDELETED","MASTERRECORDID","ACCOUNTID","LASTNAME","FIRSTNAME","EMAIL",'
        '"CREATEDDATE","SYSTEMMODSTAMP"\n'
        '"0035g00000FFFFFAAA","0","000000000000000AAA","0015g00000AAAAAAAB","Smith","Ann",'
        '"Ann@corp.test","2026-05-01T09:00:00.000Z","2026-05-01T10:00:00.000Z"\n'
        '"0035g00000GGGGGAAC","1","0035g00000FFFFFAAA","000000000000000AAA","Smith","A.",'
        '"ann@corp.test","2026-05-01T09:00:00.000Z","2026-05-01T10:00:00.000Z"\n',
    )
    place.drop(
        "Lead.csv",
        '"ID","ISDELETED","LASTNAME","FIRSTNAME","COMPANY","EMAIL","ISCONVERTED",'
        '"CONVERTEDACCOUNTID","DESCRIPTION","CREATEDDATE","SYSTEMMODSTAMP"\n'
        '"00Q5g00000HHHHHAAA","0","Jones","Bob","Acme","","1","0015g00000AAAAAAAB","Bob is nice",'
        '"2026-05-01T09:00:00.000Z","2026-05-01T10:00:00.000Z"\n',
    )
    place.run()
    columns = "identity_ref, account_ref, email_key, role, created_at, updated_at"
    ann, account = key("ann@corp.test"), "0015g00000AAAAA"
    assert place.rows("identities", columns, "order by identity_ref") == [
        ("0035g00000FFFFF", account, ann, "contact", NINE, TEN),
        ("0035g00000GGGGG", None, ann, "contact", NINE, TEN),
        ("00Q5g00000HHHHH", account, None, "contact", NINE, TEN),
    ]
    # What else is said of somebody may name them: it is told and not kept.
    assert place.rows("identities", "distinct extra") == [(None,)]
    (lead,) = [b for b in read_manifests(place.workspace.lake) if b.format == "salesforce_leads"]
    assert {"firstname", "description"} <= set(lead.parts[0].unkept_columns)


def test_mixpanel_identity_mappings_as_lines_and_as_table(place) -> None:
    pair = {"distinct_id": "$device:d-1", "resolved_distinct_id": "u-1"}
    device = {"distinct_id": "$device:d-3", "resolved_distinct_id": "$device:d-4"}
    place.drop("mappings_2026-05-01.jsonl", lines(pair, device, {"distinct_id": None}, "{"))
    place.drop("map_2026-05-01.csv", "distinct_id,resolved_distinct_id\nd-2,u-1\n")
    place.run()
    assert place.rows("identities", "identity_ref, user_id, role, updated_at", "order by 1") == [
        ("d-1", "u-1", "device", DAY), ("d-2", "u-1", "device", DAY), ("d-3", None, "device", DAY),
    ]  # fmt: skip
    assert [row[2] for row in place.quarantine()] == ["missing_identity_ref", "malformed_json"]


OKTA = {
    "id": "00ui2sVIFZNCNKFFNBPM", "externalId": None, "created": "2026-05-01T09:00:00.000Z",
    "lastUpdated": "2026-05-01T10:00:00.000Z", "scope": "USER", "status": "ACTIVE",
    "statusChanged": "2026-05-01T09:00:00.000Z", "passwordChanged": None, "syncState": "DISABLED",
    "credentials": {"userName": "Ann@corp.test"}, "profile": {},
    "_links": {"app": {"href": "https://acme.test/api/v1/apps/0oajiqIRNXPPJBNZMGYL"}},
}  # fmt: skip


def test_okta_app_users_are_seats_of_one_tool(place) -> None:
    gone = OKTA | {"id": "00u2", "status": "DEPROVISIONED", "scope": "GROUP"}
    place.drop("okta_app_users_figma_2026-05-02.json", json.dumps([OKTA, gone]))
    place.drop("page_2026-05-02.json", json.dumps([OKTA, OKTA | {"id": None}]))
    place.run()
    columns = "tool_id, snapshot_on, member_ref, email_key, role, is_billable, activity_evidence"
    on, ann = date(2026, 5, 2), key("ann@corp.test")
    assert place.rows("tool_seats", columns, "order by 1, 3") == [
        ("0oajiqIRNXPPJBNZMGYL", on, "00ui2sVIFZNCNKFFNBPM", ann, "user", True, "L0"),
        ("figma", on, "00u2", ann, "group", False, "L0"),
        ("figma", on, "00ui2sVIFZNCNKFFNBPM", ann, "user", True, "L0"),
    ]
    assert [row[2] for row in place.quarantine()] == ["missing_member_ref"]


def test_pendo_buckets_are_rows_and_say_how_often(place) -> None:
    hour = 1777626000000
    bucket = {"visitorId": "u-1", "accountId": "acc-1", "appId": -323232, "featureId": "f-1",
              "hour": hour, "numEvents": 21, "numMinutes": 4, "server": "app.acme.test",
              "remoteIp": "203.0.113.7", "userAgent": "Firefox"}  # fmt: skip
    page = {key: value for key, value in bucket.items() if key != "featureId"} | {"pageId": "p-1"}
    nobody = bucket | {"visitorId": "_PENDO_T_9f2"}
    found = {"startTime": hour, "results": [bucket, page, nobody]}
    place.drop("pendo-1.json", json.dumps(found))
    # The same hour, fetched again before it ended: the same row in another version.
    place.drop(
        "pendo-2.json", json.dumps({"results": [bucket | {"numEvents": 30}, page | {"hour": 1}]})
    )
    place.run()
    columns = "event_name, event_type, user_id, group_id, occurred_at, properties, is_revision"
    rest = "and anonymous_id is null order by source_file, event_name"
    assert place.rows("usage_events", columns, rest) == [
        ("f-1", "track", "u-1", "acc-1", NINE, '{"numEvents":"21","numMinutes":"4"}', False),
        ("p-1", "page", "u-1", "acc-1", NINE, '{"numEvents":"21","numMinutes":"4"}', False),
        ("f-1", "track", "u-1", "acc-1", NINE, '{"numEvents":"30","numMinutes":"4"}', True),
    ]
    assert [row[2] for row in place.quarantine()] == ["before_product_birth"]
    unnamed = place.rows("usage_events", "event_name", "and anonymous_id = '_PENDO_T_9f2'")
    assert unnamed == [("f-1",)]


LINEAR = {
    "id": "9f1c", "identifier": "EXP-12", "title": "Export fails", "priority": 2,
    "priorityLabel": "High", "estimate": 3, "createdAt": "2026-05-01T09:00:00.000Z",
    "updatedAt": "2026-05-01T10:00:00.000Z", "startedAt": "2026-05-01T09:30:00.000Z",
    "completedAt": None, "canceledAt": "2026-05-01T10:00:00.000Z", "dueDate": "2026-05-20",
    "state": {"id": "s-3", "name": "Won't do", "type": "canceled"}, "team": {"key": "EXP"},
    "assignee": {"id": "a-1"}, "creator": None, "cycle": {"name": "Cycle, 5", "number": 5},
    "labels": {"nodes": [{"name": "export"}, {"name": "csv"}]}, "parent": None,
    "history": {"nodes": [
        {"id": "h-1", "createdAt": "2026-05-01T10:00:00.000Z", "actor": {"id": "a-1"},
         "fromState": {"id": "s-1", "name": "Todo"}, "toState": {"id": "s-3", "name": "Won't do"}},
        {"id": "h-2", "createdAt": "2026-05-01T10:00:00.000Z", "actor": None, "toState": None,
         "fromAssignee": {"id": "a-2"}, "toAssignee": None},
        {"id": "h-3", "createdAt": "2026-05-01T10:00:00.000Z", "actor": {"id": "a-1"}}]},
}  # fmt: skip


def test_linear_answers_with_history(place) -> None:
    other = LINEAR | {"id": "9f1d", "identifier": "EXP-13", "history": None, "createdAt": "now"}
    answer = {"data": {"issues": {"nodes": [LINEAR, other], "pageInfo": {"hasNextPage": True}}}}
    outcome = place.land("linear.json", json.dumps(answer))
    assert part(outcome, "work_items") == {"in": 2, "loaded": 1, "duplicate": 0, "quarantined": 1}
    columns = (
        "work_item_id, work_item_key, status, status_category, priority, project_ref, iterations, "
        "labels, estimate, started_at, resolved_at, due_on"
    )
    assert place.rows("work_items", columns) == [
        ("9f1c", "EXP-12", "Won't do", "cancelled", "High", "EXP", '["Cycle, 5"]',
         '["export","csv"]', 3.0, datetime(2026, 5, 1, 9, 30), TEN, date(2026, 5, 20))
    ]  # fmt: skip
    columns = "work_item_event_id, work_item_id, actor_ref, field, previous_value, value"
    assert place.rows("work_item_events", columns, "order by 1") == [
        ("h-1", "9f1c", "a-1", "status", "Todo", "Won't do"),
        ("h-2", "9f1c", None, "assignee", "a-2", None),
        ("h-3", "9f1c", "a-1", "other", None, None),
    ]


def test_linear_csv(place) -> None:
    place.land(
        "linear.csv",
        "ID,Team,Title,Description,Status,Estimate,Priority,Project ID,Project,Creator,Assignee,"
        "Labels,Cycle Number,Cycle Name,Created,Updated,Started,Completed,Canceled,Due Date,"
        "Parent issue,UUID\n"
        'EXP-1,Exports,Fails,"Long, text",In Review,2,High,,,ann@corp.test,,"export, csv",5,,'
        "2026-05-01T09:00:00.000Z,2026-05-01T10:00:00.000Z,,,,,,9f1c\n",
    )
    columns = (
        "work_item_id, work_item_key, status_category, project_ref, labels, iterations, "
        "reporter_ref, resolved_at"
    )
    assert place.rows("work_items", columns) == [
        ("9f1c", "EXP-1", "in_progress", "Exports", '["export","csv"]', '["5"]',
         key("ann@corp.test"), None)
    ]  # fmt: skip


ZENDESK = (
    "Summation column,Id,Requester,Requester id,Requester external id,Requester email,Submitter,"
    "Assignee,Group,Subject,Tags,Status,Priority,Via,Ticket type,Created at,Updated at,Assigned at,"
    "Organization,Due date,Initially assigned at,Solved at,Resolution time,Satisfaction Score\n"
    "1,31,Ann,901,,ann@corp.test,Ann,Bob,Support,Login,vip  login,On-hold,-,Web form,Question,"
    "2026-05-01 09:00,2026-05-01 10:00,,Corp,,,,,Not Offered\n"
    "1,32,Ann,901,,,,,Support,Login,,Solved,Urgent,Email,-,2026-05-01 09:00,,,,,,,,Good\n"
)


def test_zendesk_csv_export(place) -> None:
    place.land("zendesk.csv", ZENDESK)
    columns = (
        "ticket_id, status, priority, channel, queue_id, requester_ref, account_ref, tags, "
        "satisfaction, version_at"
    )
    assert place.rows("tickets", columns) == [
        ("31", "hold", None, "web form", "Support", "901", "Corp", '["vip","login"]', "unoffered",
         TEN)
    ]  # fmt: skip
    assert [(row[1], row[2]) for row in place.quarantine()] == [(3, "missing_version_at")]


DESK = """sources:
  - name: desk
    files: "desk/*.csv"
    contract: tickets
    reader: {kind: csv, delimiter: ";", json_columns: [who]}
    zone: Europe/Berlin
    fields:
      ticket_id: nr
      version_at: {path: geändert, format: '%d.%m.%Y %H:%M'}
      subject: betreff
      status: {path: status, values: {neu: new, offen: open, erledigt: solved}, default: open}
      requester_ref: who.id
      tags: {path: [thema, thema_2], as: list}
      created_at: {path: angelegt, format: '%d.%m.%Y %H:%M'}
      updated_at: {path: geändert, format: '%d.%m.%Y %H:%M'}
"""


def test_any_help_desk_by_a_mapping(make_place) -> None:
    place = make_place(DESK)
    outcome = place.land(
        "desk/mai.csv",
        "Nr;Betreff;Status;Who;Thema;Thema;Angelegt;Geändert\n"
        '7;Export;erledigt;"{""id"": 5}";csv;;01.05.2026 11:00;01.05.2026 12:00\n'
        "8;Login;neu;Ann;;;01.05.2026 11:00;01.05.2026 12:00\n"
        "9;Login;neu;;;;2026-05-01;01.05.2026 12:00\n",
    )
    assert loaded(outcome) == {"in": 3, "loaded": 2, "duplicate": 0, "quarantined": 1}
    columns = "ticket_id, status, requester_ref, tags, created_at, version_at"
    assert place.rows("tickets", columns, "order by 1") == [
        ("7", "solved", "5", '["csv"]', NINE, TEN),
        # A cell that should hold an object and does not tells nothing; the rest of the row counts.
        ("8", "new", None, None, NINE, TEN),
    ]
    assert [(row[1], row[2]) for row in place.quarantine()] == [(4, "bad_created_at")]
