"""Each native export, in the vendor's own shape and with its traps: exact rows come out."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import date, datetime

import pytest

from tests.unit.ingest.conftest import HASH_KEY, event, lines, packed, part


def key(address: str) -> str:
    return hmac.new(HASH_KEY.encode(), address.encode(), hashlib.sha256).hexdigest()


def test_segment_takes_the_clients_clock_error_out(place) -> None:
    late = event(4, timestamp=None, originalTimestamp="2026-05-01T08:00:00Z",
                 sentAt="2026-05-01T08:00:05Z", receivedAt="2026-05-01T10:00:05Z")  # fmt: skip
    ahead = event(5, timestamp="2026-05-01T13:00:00Z", receivedAt="2026-05-01T10:00:00Z")
    traits = {"email": "Ada@Example.test", "plan": "pro"}
    identify = event(6, type="identify", event=None, userId="u9", traits=traits, properties=None)
    group = event(7, type="group", event=None, groupId="acc-1", context={"active": False})
    outcome = place.land("events.json.gz", packed(event(3), late, ahead, identify, group))
    assert part(outcome, "usage_events") == {"in": 5, "loaded": 5, "duplicate": 0, "quarantined": 0}
    rows = place.rows(
        "usage_events",
        "event_id, event_name, event_type, occurred_at, is_clock_skewed, email_key, email_domain,"
        " group_id, is_active, properties, source_line",
        "order by event_id",
    )
    at = datetime
    assert rows == [
        ("m-3", "Report Exported", "track", at(2026, 5, 1, 10, 0, 1), False, None, None, None,
         None, '{"rows":3}', 1),
        ("m-4", "Report Exported", "track", at(2026, 5, 1, 10), False, None, None, None,
         None, '{"rows":4}', 2),
        ("m-5", "Report Exported", "track", at(2026, 5, 1, 10), True, None, None, None,
         None, '{"rows":5}', 3),
        ("m-6", "identify", "identify", at(2026, 5, 1, 10, 0, 1), False, key("ada@example.test"),
         "example.test", None, None, '{"plan":"pro"}', 4),
        ("m-7", "group", "group", at(2026, 5, 1, 10, 0, 1), False, None, None, "acc-1",
         False, '{"rows":7}', 5),
    ]  # fmt: skip


TICKET = {
    "id": 35436, "subject": "Help", "raw_subject": "Help", "status": "Open", "priority": "high",
    "generated_timestamp": 1777629600, "via": {"channel": "email"}, "group_id": 98738,
    "requester_id": 20978392, "submitter_id": 76872, "assignee_id": 235323,
    "organization_id": 509974, "tags": ["enterprise", "email"],
    "satisfaction_rating": {"score": "goodwithcomment"},
    "created_at": "2026-04-30T09:00:00Z", "updated_at": "2026-04-30T10:00:00Z",
}  # fmt: skip


def test_zendesk_tickets_version_by_generated_timestamp_with_sideloads(place) -> None:
    merged = TICKET | {"id": 2, "status": "closed", "tags": ["closed_by_merge"],
                       "generated_timestamp": 1777716000}  # fmt: skip
    page = {
        "tickets": [TICKET, merged],
        "metric_sets": [
            {"ticket_id": 35436, "updated_at": "2026-05-01T00:00:00Z", "reopens": 1, "replies": 2,
             "reply_time_in_minutes": {"calendar": 391, "business": None}, "url": "x"},
        ],
        "users": [{"id": 20978392, "external_id": "u1", "email": "Ann@Corp.test", "name": "Ann",
                   "organization_id": 509974, "role": "end-user", "active": True,
                   "time_zone": "Eastern Time (US & Canada)", "iana_time_zone": "America/New_York",
                   "created_at": "2026-01-02T00:00:00Z", "updated_at": "2026-01-03T00:00:00Z"}],
        "organizations": [{"id": 509974, "external_id": "acc-1", "name": "Corp",
                           "domain_names": ["corp.test", "corp.example"],
                           "created_at": "2026-01-01T00:00:00Z",
                           "updated_at": "2026-01-01T00:00:00Z"}],
        "end_of_stream": True,
    }  # fmt: skip
    place.land("tickets.json", json.dumps(page))
    assert place.rows(
        "tickets",
        "ticket_id, version_at, status, channel, queue_id, tags, satisfaction, merged_into_id",
        "order by version_at",
    ) == [
        ("35436", datetime(2026, 5, 1, 10), "open", "email", "98738", '["enterprise","email"]',
         "good", None),
        ("2", datetime(2026, 5, 2, 10), "closed", "email", "98738", '["closed_by_merge"]',
         "good", "closed_by_merge"),
    ]  # fmt: skip
    assert place.rows("vendor_reports", "metric, reported_value", "order by 1") == [
        ("reopens", 1.0),
        ("replies", 2.0),
        ("reply_time_in_minutes.business", None),
        ("reply_time_in_minutes.calendar", 391.0),
    ]
    assert place.rows(
        "identities", "identity_ref, user_id, email_key, email_domain, time_zone, extra"
    ) == [("20978392", "u1", key("ann@corp.test"), "corp.test", "America/New_York", None)]
    assert place.rows("accounts", "account_ref, external_id, domain") == [
        ("509974", "acc-1", "corp.test")
    ]


def test_zendesk_ticket_events_become_changes_and_messages(place) -> None:
    page = {
        "ticket_events": [
            {"ticket_id": 5, "timestamp": 1777629600, "updater_id": 9, "via": "Web form",
             "child_events": [
                 {"id": 1, "event_type": "Change", "status": "solved", "previous_value": "open"},
                 {"id": 2, "event_type": "Comment", "public": True, "author_id": 9,
                  "html_body": "<p>Done &amp; dusted</p>"},
                 {"id": 3, "event_type": "Notification"},
             ]},
        ],
        "end_of_stream": True,
    }  # fmt: skip
    outcome = place.land("ticket_events.json", json.dumps(page))
    assert part(outcome, "ticket_events")["in"] == 3
    assert place.rows(
        "ticket_events", "ticket_event_id, event_type, field, previous_value, value", "order by 1"
    ) == [
        ("1", "change", "status", "open", "solved"),
        ("2", "comment", None, None, None),
        ("3", "other", None, None, None),
    ]
    assert place.rows("ticket_messages", "message_id, is_public, channel, body") == [
        ("2", True, "web", "Done & dusted")
    ]


def test_zendesk_schedules_and_holidays(place) -> None:
    schedules = {"schedules": [
        {"id": 77, "name": "EU", "time_zone": "Berlin", "updated_at": "2026-01-01T00:00:00Z",
         "intervals": [{"start_time": 1980, "end_time": 2460},
                       {"start_time": 3420, "end_time": 3900}]},
    ]}  # fmt: skip
    holidays = {"holidays": [{"id": 5, "name": "Labour Day", "start_date": "2026-05-01",
                              "end_date": "2026-05-01"}]}  # fmt: skip
    place.drop("schedules.json", json.dumps(schedules))
    place.drop("holidays_schedule_77.json", json.dumps(holidays))
    place.run()
    assert place.rows(
        "business_hours", "schedule_ref, time_zone, opens_minute, closes_minute", "order by 3"
    ) == [("77", "Europe/Berlin", 1980, 2460), ("77", "Europe/Berlin", 3420, 3900)]
    assert place.rows("holidays", "schedule_ref, holiday_id, starts_on") == [
        ("77", "5", date(2026, 5, 1))
    ]


def _hubspot(properties: dict, **more: object) -> str:
    record = {"id": "101", "properties": properties, "createdAt": "2026-01-01T00:00:00.000Z",
              "updatedAt": "2026-01-02T00:00:00.000Z", "archived": False} | more  # fmt: skip
    return json.dumps({"results": [record], "paging": {"next": {"after": "1", "link": "x"}}})


def test_hubspot_pages(place) -> None:
    company = {"name": "Corp", "domain": "https://www.Corp.test/about",
               "lifecyclestage": "Customer", "arr": "12000.50", "currency": "USD",
               "plan_tier": "Pro", "seats": "40",
               "hs_parent_company_id": "7", "hs_lastmodifieddate": "2026-05-01T00:00:00+02:00",
               "product_account_id": "acc-1"}  # fmt: skip
    contact = {"email": "ANN@corp.test", "lastmodifieddate": "2026-05-01T00:00:00Z",
               "firstname": "Ann", "associatedcompanyid": "101"}  # fmt: skip
    deal = {"dealname": "Renewal", "dealstage": "closedwon", "amount": "1,000.00",
            "deal_currency_code": "JPY", "hs_is_closed": "true", "hs_is_closed_won": "true",
            "closedate": "2026-06-30T00:00:00Z",
            "hs_lastmodifieddate": "2026-05-01T00:00:00Z"}  # fmt: skip
    to_company = {"companies": {"results": [{"id": "101", "type": "deal_to_company"}]}}
    note = {"hs_note_body": "<div>They want <b>SSO</b></div>",
            "hs_timestamp": "2026-05-01T00:00:00Z",
            "hs_lastmodifieddate": "2026-05-01T00:00:00Z"}  # fmt: skip
    place.drop("companies.json", _hubspot(company))
    place.drop("contacts.json", _hubspot(contact))
    place.drop("deals.json", _hubspot(deal, associations=to_company))
    place.drop("notes.json", _hubspot(note, associations=to_company))
    place.run()
    assert place.rows(
        "accounts", "domain, lifecycle, plan, arr_minor, paid_seat_count, parent_ref, updated_at"
    ) == [("corp.test", "customer", "pro", 1200050, 40, "7", datetime(2026, 4, 30, 22))]
    assert place.rows("identities", "email_key, role, account_ref") == [
        (key("ann@corp.test"), "contact", "101")
    ]
    assert place.rows("opportunities", "account_ref, amount_minor, is_won, closes_on") == [
        ("101", 1000, True, date(2026, 6, 30))
    ]
    assert place.rows("feedback_notes", "account_ref, body") == [("101", "They want SSO")]


SLACK = (
    "username,email,status,billing-active,has-2fa,has-sso,userid,fullname,displayname,"
    "expiration-timestamp\n"
    "ann,ann@corp.test,Member,1,1,0,U1,Ann Smith,ann,\n"
    'bob,bob@corp.test,Deactivated,0,0,0,U2,"Smith, Bob",bob,\n'
)


def test_member_exports_of_tools(place) -> None:
    place.drop("slack-members-2026-05-02.csv", SLACK)
    place.drop(
        "figma_2026-05-02.csv",
        "Name,Email,Role,Seat,Date added,Job title,Teams,Last edit,Last Seen\n"
        "Ann,ann@corp.test,Admin,Full,2026-01-05,,Design,2026-04-01,2026-05-01\n"
        "Bob,bob@corp.test,Member,View,2026-01-05,,Design,Never,Never\n",
    )
    place.drop(
        "atlassian-2026-05-02.csv",
        "User id,User name,email,User status,Added to org,Org role,"
        "Last seen in Jira - corp,Last seen in Confluence - corp\n"
        "a1,Ann,ann@corp.test,Active,02 Jan 2026,User,28 Apr 2026,30 Apr 2026\n"
        "a2,Bob,bob@corp.test,Suspended,2026-01-02,User,2026-04-29,Never accessed\n"
        "a3,Cy,cy@corp.test,Active,2026-01-02,User,30 Apr 2026,some day\n",
    )
    place.run()
    seats = place.rows(
        "tool_seats",
        "tool_id, snapshot_on, email_key, is_billable, is_active_member, last_active_at",
        "order by tool_id, member_ref = email_key, is_billable desc",
    )
    day = date(2026, 5, 2)
    ann, bob = key("ann@corp.test"), key("bob@corp.test")
    # Whoever was seen in several products was active when last seen in one of them.
    assert [row for row in seats if row[0] == "atlassian"] == [
        ("atlassian", day, ann, True, True, datetime(2026, 4, 30)),
        ("atlassian", day, bob, False, False, datetime(2026, 4, 29)),
    ]
    joined = place.rows("tool_seats", "distinct joined_at", "and tool_id = 'atlassian'")
    assert joined == [(datetime(2026, 1, 2),)]
    assert [row for row in seats if row[0] == "figma"] == [
        ("figma", day, ann, True, True, datetime(2026, 5, 1)),
        ("figma", day, bob, False, True, None),
    ]
    assert [row for row in seats if row[0] == "slack"] == [
        ("slack", day, ann, True, True, None),
        ("slack", day, bob, False, False, None),
    ]
    ((path, line, reason, raw),) = place.quarantine()
    assert (path, line, reason) == ("drop/atlassian-2026-05-02.csv", 4, "bad_last_active_at")
    assert "some day" in raw


def test_the_same_members_on_another_day_are_another_snapshot(place) -> None:
    place.drop("slack-2026-05-02.csv", SLACK)
    place.run()
    place.drop("slack-2026-05-03.csv", SLACK)
    place.run()
    days = place.rows("tool_seats", "snapshot_on, count(*)", "group by 1 order by 1")
    assert days == [(date(2026, 5, 2), 2), (date(2026, 5, 3), 2)]


def test_invoices(place) -> None:
    place.land(
        "invoices.csv",
        "Invoice number;Vendor;Invoice date;Amount;Currency;Status\n"
        "I-1;Figma;2026-05-01;1.234,56;EUR;Paid\n"
        "I-2;Figma;2026-05-02;(100.00);USD;Refunded\n"
        "Total;;;1134.56;;\n",
    )
    assert place.rows("tool_spend", "spend_id, amount_minor, currency, state", "order by 1") == [
        ("I-1", 123456, "EUR", "cleared"),
        ("I-2", -10000, "USD", "cleared"),
    ]
    assert [(row[1], row[2]) for row in place.quarantine()] == [(4, "missing_vendor_name")]


OKTA = {
    "uuid": "e-1", "published": "2026-05-01T10:00:00.000Z",
    "eventType": "user.authentication.sso", "outcome": {"result": "SUCCESS"},
    "actor": {"id": "00u1", "alternateId": "Ann@corp.test", "displayName": "Ann"},
    "target": [{"type": "User", "displayName": "Ann"},
               {"type": "AppInstance", "id": "0oa", "displayName": "Figma"}],
}  # fmt: skip


@pytest.mark.parametrize("text", [json.dumps([OKTA]), lines(OKTA, OKTA | {"uuid": "e-2"})])
def test_okta_as_an_array_and_as_lines(place, text) -> None:
    place.land("okta.json", text)
    rows = place.rows("tool_activity", "app_name, outcome, email_key, occurred_at")
    assert set(rows) == {("Figma", "success", key("ann@corp.test"), datetime(2026, 5, 1, 10))}


def test_qualtrics_has_three_header_rows(place) -> None:
    place.land(
        "onboarding_2026-05-02.csv",
        "StartDate,EndDate,Status,RecordedDate,ResponseId,RecipientEmail,Finished,Q1,Q2_TEXT\n"
        'Start,End,Response Type,Recorded,Response ID,Email,Finished,"How\nlikely?",Why?\n'
        '"{""ImportId"":""a""}",b,c,d,e,f,g,h,i\n'
        'x,y,IP Address,2026-05-01 10:00:00,R_1,ann@corp.test,True,9,"Great,\nreally"\n'
        "x,y,Survey Preview,2026-05-01 11:00:00,R_2,,True,3,\n",
    )
    rows = place.rows(
        "survey_responses",
        "survey_id, response_id, question_id, question_text, answer_text, answer_number, is_test, "
        "source_line",
        "order by response_id, question_id",
    )
    assert rows == [
        ("onboarding", "R_1", "q1", "How\nlikely?", "9", 9.0, False, 5),
        ("onboarding", "R_1", "q2_text", "Why?", "Great,\nreally", None, False, 5),
        ("onboarding", "R_2", "q1", "How\nlikely?", "3", 3.0, True, 7),
        ("onboarding", "R_2", "q2_text", "Why?", None, None, True, 7),
    ]
