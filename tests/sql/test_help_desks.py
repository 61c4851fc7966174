"""Five help desks' own exports, taken in by the real ingest, fill one and the same model.

Belongs here: small exports as the vendors write them and what must come out, counted by hand.
Does not belong here: rules of counting as such (`test_support`), formats' fields (tests of ingest).
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from ingest import arrivals
from ingest.ledger import write_build_inputs
from ingest.load import ingest
from ingest.settings import open_workspace
from tests.unit.ingest.conftest import new_home

from .fixture_lake import Warehouse
from .support_desk import HOUR, build

NOON = 1777636800  # Friday, 1 May 2026, 12:00 UTC

GENERIC = """sources:
  - name: shopdesk
    files: "shopdesk/tickets*.csv"
    contract: tickets
    reader: {kind: csv}
    zone: Pacific/Auckland
    fields: {ticket_id: ticket, status: {path: state, values: {Done: solved}, default: open},
             requester_ref: customer, submitter_ref: customer, assignee_ref: clerk,
             queue_id: team, priority: urgency,
             version_at: changed, created_at: opened, updated_at: changed}
  - name: shopdesk
    files: "shopdesk/lines*.csv"
    contract: ticket_messages
    reader: {kind: csv}
    zone: Pacific/Auckland
    fields: {message_id: line, ticket_id: ticket, author_ref: who, body: said, created_at: at,
             is_public: {const: true}}
"""


def _event(ident: int, at: int, **child: Any) -> dict[str, Any]:
    child = {"id": ident, "event_type": "Change", "author_id": 900} | child
    return {"ticket_id": 1, "timestamp": at, "updater_id": 900, "via": "Web form",
            "child_events": [child]}  # fmt: skip


def _zendesk() -> dict[str, Any]:
    """Asked on Friday at 11:00 in New York; Monday is a holiday; solved on Tuesday at 11:00."""
    asked, day = NOON + 3 * HOUR, 24 * HOUR
    ticket = {
        "id": 1, "generated_timestamp": asked + 19 * day, "subject": "Export", "status": "solved",
        "priority": "high", "via": {"channel": "web"}, "group_id": 6, "requester_id": 10,
        "submitter_id": 10, "assignee_id": 900, "organization_id": None, "tags": [],
        "satisfaction_rating": {"score": "good"},
        "created_at": "2026-05-01T15:00:00Z", "updated_at": "2026-05-20T15:00:00Z",
    }  # fmt: skip
    times = {"calendar": 95 * 60, "business": 7 * 60}
    metrics = {"ticket_id": 1, "updated_at": "2026-05-20T15:00:00Z", "reopens": 1, "replies": 1,
               "reply_time_in_minutes": times}  # fmt: skip
    events = [
        _event(1, asked, event_type="Comment", author_id=10, public=True, body="Help"),
        _event(2, asked + 60, group_id=6, previous_value=5),
        _event(3, asked + 4 * day - HOUR, event_type="Comment", public=True, body="On it"),
        _event(4, asked + 4 * day - HOUR, status="open", previous_value="new"),
        _event(5, asked + 4 * day, status="solved", previous_value="open"),
        _event(6, asked + 18 * day, status="open", previous_value="solved"),
        _event(7, asked + 19 * day, status="solved", previous_value="open"),
    ]
    weekdays = [{"start_time": d * 1440 + 540, "end_time": d * 1440 + 1020} for d in range(1, 6)]
    schedule = {"id": 3, "name": "Office", "time_zone": "Eastern Time (US & Canada)",
                "intervals": weekdays, "updated_at": "2026-01-01T00:00:00Z"}  # fmt: skip
    holiday = {"id": 1, "name": "Off", "start_date": "2026-05-04", "end_date": "2026-05-04"}
    return {
        "zendesk_tickets.json": {"tickets": [ticket], "metric_sets": [metrics], "users": [],
                                 "organizations": [], "end_of_stream": True},
        "zendesk_events.json": {"ticket_events": events, "end_of_stream": True},
        "schedules.json": {"schedules": [schedule]},
        "schedule_3_holidays.json": {"holidays": [holiday]},
    }  # fmt: skip


def _conversation(ident: str, closed_after: int | None, *parts: dict[str, Any]) -> dict[str, Any]:
    """The first message stands in `source`; who answers is named nowhere but in the parts."""
    author = {"type": "user", "id": "p-1", "email": "ann@corp.test"}
    listed = {
        "type": "conversation", "id": ident, "created_at": NOON,
        "updated_at": NOON + (closed_after or 60), "title": None, "priority": "not_priority",
        "state": "closed" if closed_after else "open", "admin_assignee_id": 0,
        "team_assignee_id": 7, "conversation_rating": None, "tags": {"tags": []},
        "source": {"type": "conversation", "id": f"s-{ident}", "subject": "",
                   "body": "<p>Export fails</p>", "author": author},
    }  # fmt: skip
    return {"listed": listed, "whole": listed | {"conversation_parts": {
        "conversation_parts": list(parts)}}}  # fmt: skip


def _part(ident: str, kind: str, body: str | None, after: int, author: str) -> dict[str, Any]:
    return {"id": ident, "part_type": kind, "body": body, "created_at": NOON + after,
            "author": {"id": author, "type": "bot" if author == "fin" else "admin"}}  # fmt: skip


def _intercom() -> dict[str, Any]:
    answered = _conversation(
        "c-1", 2 * HOUR,
        _part("m-1", "comment", "<p>A robot's greeting</p>", 5, "fin"),
        _part("m-2", "comment", "<p>On it</p>", HOUR // 2, "9"),
        _part("m-3", "close", None, 2 * HOUR, "9"),
    )  # fmt: skip
    silent = _conversation("c-2", None)
    closed = _conversation("c-3", HOUR, _part("m-9", "close", None, HOUR, "9"))
    found = [answered, silent, closed]
    page = {"type": "conversation.list", "conversations": [c["listed"] for c in found]}
    parts = {f"intercom_{c['listed']['id']}.json": c["whole"] for c in (answered, closed)}
    return {"intercom.json": page | {"total_count": 3}} | parts


def _freshdesk() -> dict[str, Any]:
    ticket = {
        "id": 31, "subject": "Login", "status": 4, "priority": 4, "source": 2, "group_id": 5,
        "requester_id": 901, "responder_id": 11, "company_id": 77, "fr_escalated": False,
        "tags": [], "created_at": "2026-05-01T12:00:00Z", "updated_at": "2026-05-01T13:00:00Z",
    }  # fmt: skip
    waiting = ticket | {"id": 32, "status": 3, "responder_id": None}
    gone = ticket | {"id": 33, "deleted": True}
    return {"freshdesk.json": [ticket, waiting, gone]}


TABLES = {
    "incident.csv": "number,sys_id,short_description,incident_state,priority,contact_type,"
    "assignment_group,caller_id,opened_by,assigned_to,company,opened_at,sys_updated_on\n"
    "INC001,a1,Login broken,On Hold,1 - Critical,Self-service,IT,Ann,Ann,Bob,Acme,"
    "2026-05-01 12:00:00,2026-05-01 13:00:00\n"
    "INC002,a2,Slow,Resolved,3 - Moderate,Phone,IT,Ann,Ann,Bob,Acme,"
    "2026-05-01 12:00:00,2026-05-03 12:00:00\n"
    "INC003,a3,Odd,Resolved,3 - Moderate,Phone,IT,Ann,Ann,Bob,Acme,never,2026-05-03 12:00:00\n",
    # Auckland's Saturday morning is Friday evening in UTC.
    "shopdesk/tickets-1.csv": "ticket,state,urgency,customer,clerk,team,opened,changed\n"
    "T1,Done,high,ann,bo,A,2026-05-02 09:00:00,2026-05-02 12:00:00\n",
    "shopdesk/lines-1.csv": "line,ticket,who,said,at\n"
    "1,T1,ann,Where is it?,2026-05-02 09:00:00\n"
    "2,T1,bo,On its way,2026-05-02 09:10:00\n"
    "3,T1,ann,And the rest?,2026-05-02 10:00:00\n"
    "4,T1,bo,Tomorrow,2026-05-02 11:30:00\n",
}


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("desks")
    home = new_home(folder / "company", GENERIC)
    files = {
        n: json.dumps(f) for f in (_zendesk(), _intercom(), _freshdesk()) for n, f in f.items()
    }
    for name, text in {**files, **TABLES}.items():
        path = home / "drop" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrivals, "SETTLE_SECONDS", 0.0)
        report = ingest(open_workspace(home))
    assert {file.status for file in report.files} == {"loaded"}, report
    write_build_inputs(open_workspace(home))
    warehouse = Warehouse(folder / "warehouse.duckdb", home / "lake", folder / "target")
    build(warehouse, "+ticket__ticket")
    warehouse.run("test", select=["ticket__ticket", "fct_ticket"],
                  exclude=["resource_type:unit_test"])  # fmt: skip
    return warehouse


def told(warehouse: Warehouse, source: str, ident: str, columns: str) -> tuple:
    query = f"select {columns} from marts.ticket__ticket where source = ? and ticket_id = ?"
    (row,) = warehouse.query(query, [source, ident])
    return row


REPLY = "first_reply_seconds, reply_count, is_one_touch, is_first_reply_pending"
SOLVED = "first_resolution_seconds, full_resolution_seconds"


def test_all_help_desks_stand_in_one_table(desks: Warehouse) -> None:
    rows = desks.query("select source, count(*) from marts.ticket__ticket group by 1 order by 1")
    assert rows == [("freshdesk", 3), ("intercom", 3), ("servicenow", 2), ("shopdesk", 1),
                    ("zendesk", 1)]  # fmt: skip


def test_zendesk_with_history_schedule_and_metric_set(desks: Warehouse) -> None:
    assert told(desks, "zendesk", "1", REPLY) == (95 * HOUR, 1, True, False)
    # Six hours on Friday, none on Monday's holiday, one on Tuesday.
    columns = "first_reply_business_seconds, first_reply_business_difference_reason, csat"
    assert told(desks, "zendesk", "1", columns) == (7 * HOUR, "equal", "good")
    assert told(desks, "zendesk", "1", SOLVED) == (96 * HOUR, 19 * 24 * HOUR)
    # Opened again after fourteen days to the second, which is not within fourteen days.
    columns = "reopen_count, reopen14_count, requester_wait_seconds, handoff_count, agent_count"
    assert told(desks, "zendesk", "1", columns) == (1, 0, 120 * HOUR, 1, 1)


def test_intercom_answered_conversation_of_one_message_has_its_clocks(desks: Warehouse) -> None:
    """Neither the robot nor closing without a word is a reply; the first message is no part."""
    assert told(desks, "intercom", "c-1", REPLY) == (HOUR // 2, 1, True, False)
    assert told(desks, "intercom", "c-1", SOLVED) == (2 * HOUR, 2 * HOUR)
    columns = "next_reply_count, first_reply_business_seconds, schedule_basis"
    assert told(desks, "intercom", "c-1", columns) == (0, None, "not known")


def test_intercom_conversation_without_an_answer_waits_or_was_closed(desks: Warehouse) -> None:
    assert told(desks, "intercom", "c-2", REPLY) == (None, 0, None, True)
    assert told(desks, "intercom", "c-3", REPLY) == (None, 0, False, False)
    assert told(desks, "intercom", "c-3", SOLVED) == (HOUR, HOUR)


@pytest.mark.parametrize(
    ("source", "ident", "status", "solved"),
    [
        ("freshdesk", "31", "solved", (HOUR, HOUR)),
        ("freshdesk", "32", "pending", (None, None)),
        ("servicenow", "INC001", "pending", (None, None)),
        ("servicenow", "INC002", "solved", (48 * HOUR, 48 * HOUR)),
    ],
)
def test_lists_of_tickets_alone_know_of_no_replies(
    desks: Warehouse, source: str, ident: str, status: str, solved: tuple
) -> None:
    """Other help desks deliver messages and changes; these have none, which is not zero."""
    assert told(desks, source, ident, REPLY) == (None, None, None, None)
    columns = "group_count, handoff_count, agent_count, unknown_author_count"
    assert told(desks, source, ident, columns) == (None, None, None, None)
    assert told(desks, source, ident, f"status, {SOLVED}") == (status, *solved)
    columns = "reopen_count, requester_wait_seconds, has_inferred_status"
    assert told(desks, source, ident, columns) == (None, None, True)


def test_deleted_tickets_stay_and_do_not_count(desks: Warehouse) -> None:
    assert told(desks, "freshdesk", "33", "exclusion_reason, is_countable") == ("deleted", False)


def test_any_help_desk_through_a_mapping(desks: Warehouse) -> None:
    assert told(desks, "shopdesk", "T1", REPLY) == (600, 2, False, False)
    columns = "next_reply_count, next_reply_seconds, priority, queue_id, created_at"
    created = dt.datetime(2026, 5, 1, 21)
    assert told(desks, "shopdesk", "T1", columns) == (1, 5400, "high", "A", created)
    assert told(desks, "shopdesk", "T1", SOLVED) == (3 * HOUR, 3 * HOUR)
