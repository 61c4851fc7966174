"""Help desks, CRM, surveys and flag services beside the first ones: exact rows come out."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest

from tests.unit.ingest.conftest import lines, loaded, part
from tests.unit.ingest.test_formats import key

NOON = datetime(2026, 5, 1, 12)
NOON_EPOCH = 1777636800

CONVERSATION = {
    "type": "conversation", "id": "c-1", "created_at": NOON_EPOCH, "updated_at": NOON_EPOCH + 60,
    "title": None, "state": "closed", "priority": "priority", "admin_assignee_id": 0,
    "team_assignee_id": 7, "conversation_rating": {"rating": 2, "remark": "slow"},
    "source": {"type": "conversation", "id": "s-1", "subject": "",
               "body": "<p>Export <b>fails</b></p>",
               "author": {"type": "user", "id": "p-1", "email": "ann@corp.test"}},
    "contacts": {"contacts": [{"id": "p-1"}]},
    "tags": {"type": "tag.list", "tags": [{"id": "1", "name": "export"}]},
    "statistics": {"time_to_admin_reply": 300, "count_reopens": 0},
}  # fmt: skip


def test_intercom_first_message_stands_in_source(place) -> None:
    page = {"type": "conversation.list", "conversations": [CONVERSATION], "total_count": 1}
    outcome = place.land("intercom.json", json.dumps(page))
    assert {p.contract: p.rows_loaded for p in outcome.parts} == {
        "tickets": 1, "ticket_messages": 1, "identities": 1,
    }  # fmt: skip
    columns = "ticket_id, status, priority, assignee_ref, queue_id, tags, satisfaction, version_at"
    assert place.rows("tickets", columns) == [
        ("c-1", "closed", "high", None, "7", '["export"]', "bad", datetime(2026, 5, 1, 12, 1))
    ]
    assert place.rows("ticket_messages", "message_id, ticket_id, body, is_public, created_at") == [
        ("s-1", "c-1", "Export fails", True, NOON)
    ]


def test_intercom_parts_are_messages_unless_they_only_assign(place) -> None:
    parts = [
        {"id": "m-1", "part_type": "comment", "body": "<p>On it</p>", "created_at": NOON_EPOCH,
         "author": {"id": "9", "type": "admin"}},
        {"id": "m-2", "part_type": "note", "body": "<p>A bug</p>", "created_at": NOON_EPOCH,
         "author": {"id": "9", "type": "admin"}},
        {"id": "m-3", "part_type": "assignment", "body": None, "created_at": NOON_EPOCH,
         "author": {"id": "9", "type": "admin"}},
    ]  # fmt: skip
    conversation = CONVERSATION | {"conversation_parts": {"conversation_parts": parts}}
    outcome = place.land("intercom_c-1.json", json.dumps(conversation))
    assert part(outcome, "ticket_messages")["loaded"] == 2
    columns = "message_id, ticket_id, body, is_public"
    assert place.rows("ticket_messages", columns, "order by 1") == [
        ("m-1", "c-1", "On it", True),
        ("m-2", "c-1", "A bug", False),
    ]
    # Who answers is an agent, also where the conversation is given to nobody.
    assert place.rows("identities", "identity_ref, role, updated_at") == [("9", "admin", NOON)]


FRESH = {
    "id": 31, "subject": "Login", "status": 4, "priority": 4, "source": 2, "group_id": 5,
    "requester_id": 901, "responder_id": 11, "company_id": 77, "fr_escalated": False,
    "tags": ["login"], "created_at": "2026-05-01T12:00:00Z", "updated_at": "2026-05-01T13:00:00Z",
    "stats": {"first_responded_at": "2026-05-01T12:10:00Z", "resolved_at": "2026-05-01T13:00:00Z",
              "closed_at": None, "reopened_at": None, "status_updated_at": "2026-05-01T13:00:00Z"},
}  # fmt: skip


def test_freshdesk_numbers_are_words(place) -> None:
    place.drop("freshdesk-1.json", json.dumps([FRESH]))
    others = [{"id": 32, "status": 99}, {"id": 33, "status": 6}, {"id": 34, "spam": True}]
    place.drop("freshdesk-2.json", json.dumps([FRESH, *(FRESH | other for other in others)]))
    place.run()
    columns = "ticket_id, status, priority, channel, account_ref, updated_at"
    one = datetime(2026, 5, 1, 13)
    assert place.rows("tickets", columns, "order by 1") == [
        ("31", "solved", "urgent", "portal", "77", one),
        # A company's own status is open until it is mapped.
        ("32", "open", "urgent", "portal", "77", one),
        # Waiting for the customer; and no ticket at all.
        ("33", "pending", "urgent", "portal", "77", one),
        ("34", "deleted", "urgent", "portal", "77", one),
    ]


def test_what_changed_is_told_of_each_change_at_zendesk(place) -> None:
    """A change that names nothing would hold back the source; tags and own fields change daily."""
    told = [{"tags": ["a"], "added_tags": ["a"]}, {"custom_ticket_fields": {"7": "x"}},
            {"group_id": 5, "previous_value": None}, {"assignee_id": None}]  # fmt: skip
    children = [{"id": n, "event_type": "Change"} | one for n, one in enumerate(told)]
    children.append({"id": 9, "event_type": "Comment", "body": "hi"})
    event = {"ticket_id": 5, "timestamp": NOON_EPOCH, "updater_id": 9, "child_events": children}
    place.land("e.json", json.dumps({"ticket_events": [event], "end_of_stream": True}))
    fields = place.rows("ticket_events", "field", "order by ticket_event_id")
    assert fields == [("other",), ("other",), ("group_id",), ("other",), (None,)]


def test_servicenow_states_and_priorities(place) -> None:
    outcome = place.land(
        "incident.csv",
        "number,sys_id,short_description,incident_state,priority,contact_type,assignment_group,"
        "caller_id,opened_by,assigned_to,company,opened_at,sys_updated_on\n"
        "INC001,a1,Login broken,On Hold,1 - Critical,Self-service,IT,Ann,Ann,Bob,Acme,"
        "2026-05-01 12:00:00,2026-05-01 13:00:00\n"
        "INC002,a2,Slow,6,3 - Moderate,Phone,IT,Ann,Ann,,Acme,2026-05-01 12:00:00,noon\n",
    )
    assert loaded(outcome) == {"in": 2, "loaded": 1, "duplicate": 0, "quarantined": 1}
    # The columns that a list shows unless somebody chose others, `state` among them.
    place.land(
        "incident (1).csv",
        "number,opened_at,short_description,caller_id,priority,state,category,assignment_group,"
        "assigned_to,sys_updated_on,sys_updated_by\n"
        "INC003,2026-05-01 12:00:00,Slow,Ann,4 - Low,Resolved,,IT,,2026-05-01 13:00:00,admin\n",
    )
    columns = "ticket_id, status, priority, created_at"
    assert place.rows("tickets", columns, "order by 1") == [
        ("INC001", "pending", "urgent", NOON), ("INC003", "solved", "low", NOON),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["call", "meeting"])
def test_hubspot_calls_and_meetings(place, kind) -> None:
    found = {"id": "501", "createdAt": "2026-05-01T12:00:00Z", "updatedAt": "2026-05-01T13:00:00Z",
             "properties": {"hs_timestamp": "2026-05-01T12:00:00Z", "hubspot_owner_id": "8",
                            f"hs_{kind}_body": "<div>They need <i>SSO</i></div>",
                            "hs_lastmodifieddate": "2026-05-01T13:00:00Z"},
             "associations": {"companies": {"results": [{"id": "77", "type": "x"}]}}}  # fmt: skip
    outcome = place.land(f"{kind}s.json", json.dumps({"results": [found], "paging": None}))
    assert outcome.format == f"hubspot_{kind}s"
    columns = "note_id, note_type, account_ref, author_ref, body, occurred_at, updated_at"
    assert place.rows("feedback_notes", columns) == [
        ("501", kind, "77", "8", "They need SSO", NOON, datetime(2026, 5, 1, 13))
    ]


SALESFORCE = {
    "Account.csv": (
        '"ID","ISDELETED","MASTERRECORDID","PARENTID","NAME","TYPE","WEBSITE","OWNERID",'
        '"CURRENCYISOCODE","CREATEDDATE","SYSTEMMODSTAMP"\n'
        '"0015g00000AAAAAAAB","0","000000000000000AAA","000000000000000AAA","Acme",'
        '"Customer - Direct","https://www.acme.test/x","0055g00000CCCCCAAA","USD",'
        '"2026-01-01T00:00:00.000Z","2026-05-01T12:00:00.000Z"\n'
        '"0015g00000BBBBB","1","","0015g00000AAAAAAAB","Acme UK","Customer","",'
        '"0055g00000CCCCCAAA","GBP","2026-01-01T00:00:00.000Z","2026-05-01T12:00:00.000Z"\n'
        '"0015g00000HHHHHAAK","1","0015g00000AAAAAAAB","0015g00000BBBBB","Acme Ltd","Prospect",'
        '"acme-ltd.test","0055g00000CCCCCAAA","GBP","2026-01-01T00:00:00.000Z",'
        '"2026-05-01T12:00:00.000Z"\n'
    ),
    "Opportunity.csv": (
        '"ID","ISDELETED","ACCOUNTID","NAME","STAGENAME","AMOUNT","PROBABILITY","CLOSEDATE",'
        '"ISCLOSED","ISWON","CURRENCYISOCODE","OWNERID","CREATEDDATE","SYSTEMMODSTAMP"\n'
        '"0065g00000DDDDDAAA","0","0015g00000AAAAAAAB","Renewal","Closed Won","1200.5","100",'
        '"2026-05-01","1","1","USD","0055g00000CCCCCAAA","2026-01-01T00:00:00.000Z",'
        '"2026-05-01T12:00:00.000Z"\n'
    ),
    "Task.csv": (
        '"ID","WHOID","WHATID","SUBJECT","ACTIVITYDATE","STATUS","DESCRIPTION","ISDELETED",'
        '"ACCOUNTID","ISARCHIVED","TASKSUBTYPE","OWNERID","CREATEDDATE","SYSTEMMODSTAMP"\n'
        '"00T5g00000EEEEEAAA","0035g00000FFFFFAAA","0065g00000DDDDDAAA","Call","2026-05-01",'
        '"Completed","They said:\n""no export""","0","0015g00000AAAAAAAB","1","Call",'
        '"0055g00000CCCCCAAA","2026-05-01T00:00:00.000Z","2026-05-01T12:00:00.000Z"\n'
    ),
}


def test_salesforce_ids_of_fifteen_and_eighteen_characters_agree(place) -> None:
    for name, text in SALESFORCE.items():
        place.drop(name, text)
    place.run()
    assert place.rows(
        "accounts", "account_ref, parent_ref, domain, lifecycle, is_deleted", "order by account_ref"
    ) == [
        ("0015g00000AAAAA", None, "acme.test", "customer", False),
        ("0015g00000BBBBB", "0015g00000AAAAA", None, "customer", True),
        ("0015g00000HHHHH", "0015g00000AAAAA", "acme-ltd.test", "merged", True),
    ]
    columns = "opportunity_id, account_ref, amount_minor, probability, is_won, closes_on"
    assert place.rows("opportunities", columns) == [
        ("0065g00000DDDDD", "0015g00000AAAAA", 120050, 1.0, True, date(2026, 5, 1))
    ]
    assert place.rows("feedback_notes", "note_type, account_ref, opportunity_id, body") == [
        ("call", "0015g00000AAAAA", "0065g00000DDDDD", 'They said:\n"no export"')
    ]
    assert place.quarantine() == []


def _answer(ref: str, kind: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "field": {"id": f"f-{ref}", "type": kind, "ref": ref}, kind: value}


def test_typeform_has_one_row_per_answer(place) -> None:
    item = {
        "token": "t-1", "landing_id": "t-1", "landed_at": "2026-05-01T11:50:00Z",
        "submitted_at": "2026-05-01T12:00:00Z", "hidden": {"email": "ann@corp.test"},
        "metadata": {"network_id": "n"},
        "answers": [_answer("nps", "number", 9), _answer("why", "text", "Fast"),
                    _answer("plan", "choice", {"label": "Team"})],
    }  # fmt: skip
    page = {"total_items": 1, "page_count": 1, "items": [item]}
    outcome = place.land("onboarding.json", json.dumps(page))
    assert loaded(outcome)["loaded"] == 3
    columns = "survey_id, response_id, question_id, answer_text, answer_number, submitted_at"
    assert place.rows("survey_responses", columns, "order by question_id") == [
        ("onboarding", "t-1", "nps", "9", 9.0, NOON),
        ("onboarding", "t-1", "plan", "Team", None, NOON),
        ("onboarding", "t-1", "why", "Fast", None, NOON),
    ]
    assert place.rows("survey_responses", "distinct email_key") == [(key("ann@corp.test"),)]


LAUNCH = {
    "kind": "feature", "creationDate": NOON_EPOCH * 1000, "key": "exp_onboarding",
    "contextKeys": {"user": "u-1", "account": "acc-1"}, "variation": 1, "value": True,
    "version": 12, "reason": {"kind": "RULE_MATCH", "ruleId": "r", "inExperiment": True},
    "samplingRatio": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("file", "text", "truth"),
    [
        ("ld.jsonl", lines(LAUNCH, LAUNCH), [("exp_onboarding", "1", "u-1", NOON)]),
        (
            "statsig.csv",
            "unit_id,unit_type,experiment_id,group_id,group_name,first_exposure_utc,"
            "first_exposure_pst_date\n"
            "u-1,userID,exp_onboarding,g1,Test,2026-05-01 06:30:00,2026-04-30\n",
            [("exp_onboarding", "Test", "u-1", datetime(2026, 5, 1, 6, 30))],
        ),
        (
            "growthbook.csv",
            "user_id,anonymous_id,timestamp,experiment_id,variation_id\n"
            + 2 * "u-1,,2026-05-01 12:00:00,exp_onboarding,0\n",
            [("exp_onboarding", "0", "u-1", NOON)],
        ),
    ],
    ids=["launchdarkly", "statsig", "growthbook"],
)
def test_exposures(place, file, text, truth) -> None:
    place.land(file, text)
    assert place.rows("exposures", "experiment_id, variation_id, user_id, exposed_at") == truth


def test_units_of_experiments_are_people_devices_or_groups(place) -> None:
    kinds = {"u-1": "userID", "d-1": "stableID", "acc-1": "companyID", "w-1": "workspaceID"}
    place.drop(
        "statsig.csv",
        "unit_id,unit_type,experiment_id,group_id,group_name,first_exposure_utc\n"
        + "".join(f"{u},{kind},e,g,Test,2026-05-01 12:00:00\n" for u, kind in kinds.items()),
    )
    place.drop(
        "growthbook.csv",
        "anonymous_id,timestamp,experiment_id,variation_id\nd-2,2026-05-01 12:00:00,e,0\n",
    )
    contexts: list[dict] = [{"device": "d-3"}, {"device": "d-4"}, {"workspace": "w-2"}]
    place.drop("ld.jsonl", lines(*(LAUNCH | {"contextKeys": keys} for keys in contexts)))
    place.run()
    units = place.rows("exposures", "user_id, anonymous_id, group_id")
    assert sorted(units, key=str) == sorted([
        ("u-1", None, None), (None, "d-1", None), (None, "d-2", None), (None, None, "acc-1"),
        (None, None, "w-1"), (None, "d-3", None), (None, "d-4", None), (None, None, "w-2"),
    ], key=str)  # fmt: skip


def test_launchdarkly_evaluations_outside_of_an_experiment_are_no_exposures(place) -> None:
    plain = LAUNCH | {"reason": {"kind": "FALLTHROUGH"}, "creationDate": NOON_EPOCH * 1000 + 1}
    outcome = place.land("ld.jsonl", lines(LAUNCH, plain))
    assert place.rows("exposures", "count(*)") == [(1,)]
    # It was read and left out, and the ledger says so.
    assert part(outcome, "exposures") == {"in": 2, "loaded": 1, "duplicate": 0, "quarantined": 0}
    assert outcome.parts[0].rows_suppressed == 1


def test_a_line_that_is_no_record_is_never_left_out_in_silence(place) -> None:
    outcome = place.land("ld.jsonl", lines(LAUNCH, LAUNCH, '{"kind": "fea', {"creationDate": 5}))
    assert part(outcome, "exposures") == {"in": 4, "loaded": 1, "duplicate": 1, "quarantined": 1}
    assert [(row[1], row[2]) for row in place.quarantine()] == [(3, "malformed_json")]


BAD = [
    ("freshdesk.json", json.dumps([FRESH | {"id": None}]), "missing_ticket_id"),
    ("ld.jsonl", lines(LAUNCH | {"creationDate": "noon"}), "bad_exposed_at"),
    ("Account.csv", SALESFORCE["Account.csv"].replace("0015g00000BBBBB", "short"),
     "missing_account_ref"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "text", "reason"), BAD, ids=["id", "time", "short"])
def test_what_can_not_be_used_is_set_aside(place, file, text, reason) -> None:
    place.land(file, text)
    assert reason in [row[2] for row in place.quarantine()]
