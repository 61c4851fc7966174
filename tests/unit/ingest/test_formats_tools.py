"""Exports of tool administration and spend, each in its vendor's shape: exact rows come out."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest

from tests.unit.ingest.conftest import loaded, rejected
from tests.unit.ingest.test_formats import key

DAY = date(2026, 5, 2)
ANN, BOB = key("ann@corp.test"), key("bob@corp.test")
SEATS = "email_key, role, is_billable, is_active_member, last_active_at"

# Vendor, file and the rows that it says, written by hand from the file.
MEMBERS = [
    (
        "notion",
        "Name,Email,Role,Groups,Teamspaces\n"
        "Ann,ann@corp.test,Workspace owner,,Design\nBob,bob@corp.test,Guest,,\n",
        [(ANN, "workspace owner", True, True, None), (BOB, "guest", False, True, None)],
    ),
    (
        "google_workspace",
        "First Name [Required],Last Name [Required],Email Address [Required],Status [READ ONLY],"
        "Last Sign In [READ ONLY],Licenses [READ ONLY]\n"
        "Ann,Smith,Ann@corp.test,Active,2026/05/01 10:11:12,Business Plus\n"
        "Bob,Jones,bob@corp.test,Suspended,Never logged in,Business Plus\n",
        [
            (ANN, "member", True, True, datetime(2026, 5, 1, 10, 11, 12)),
            (BOB, "member", True, False, None),
        ],
    ),
    (
        "github",
        "login,name,tfa_enabled,is_public,role,last_active,saml_name_id\n"
        "ann-s,Ann,true,false,Owner,2026-05-01 10:00:00 +0000,ann@corp.test\n"
        "bobj,Bob,false,false,Member,,bob@corp.test\n",
        [
            (ANN, "owner", True, True, datetime(2026, 5, 1, 10)),
            (BOB, "member", True, True, None),
        ],
    ),
    (
        "zoom",
        "Email,First Name,Last Name,Department,User Type,User Status,Creation Date,Last Sign In\n"
        "ann@corp.test,Ann,Smith,Design,Licensed,Active,2026-01-02,2026-05-01 08:00:00\n"
        "bob@corp.test,Bob,Jones,Design,Basic,Inactive,2026-01-02,\n",
        [
            (ANN, None, True, True, datetime(2026, 5, 1, 8)),
            (BOB, None, False, False, None),
        ],
    ),
    (
        "clickup",
        "ID,Username,Email,Role,Date Joined,Last Active\n"
        "1,ann,ann@corp.test,1,1767312000,1777636800\n"
        "2,bob,bob@corp.test,4,1767312000000,1777636800000\n",
        [
            (ANN, "owner", True, True, datetime(2026, 5, 1, 12)),
            (BOB, "guest", False, True, datetime(2026, 5, 1, 12)),
        ],
    ),
    (
        "asana",
        "User ID,Name,Email,Membership Type,Status,Date Joined,Last Activity\n"
        "11,Ann,ann@corp.test,Member,Active,2026-01-02,2026-05-01\n"
        "12,Bob,bob@corp.test,Guest,Deactivated,2026-01-02,\n",
        [
            (ANN, "member", True, True, datetime(2026, 5, 1)),
            (BOB, "guest", False, False, None),
        ],
    ),
]


@pytest.mark.parametrize(("tool", "text", "truth"), MEMBERS, ids=[m[0] for m in MEMBERS])
def test_member_exports(place, tool, text, truth) -> None:
    outcome = place.land(f"{tool}_2026-05-02.csv", text)
    assert loaded(outcome) == {"in": 2, "loaded": 2, "duplicate": 0, "quarantined": 0}
    rows = place.rows("tool_seats", f"tool_id, snapshot_on, {SEATS}")
    assert sorted(rows, key=str) == sorted([(tool, DAY, *row) for row in truth], key=str)
    # Nobody's address is in the lake.
    assert "corp.test" not in str(place.rows("tool_seats")).replace("'corp.test'", "")


def test_members_of_another_tool_are_not_taken_for_notions(place) -> None:
    text = "Name,Email,Role,Groups,Last activity\nAnn,ann@corp.test,Member,,2026-05-01\n"
    rejected(place.land("miro_2026-05-02.csv", text), "unknown_format", "notion_members")


def test_a_day_in_words_is_set_aside_and_the_rest_lands(place) -> None:
    tool, text, _ = MEMBERS[1]
    place.land(f"{tool}_2026-05-02.csv", text.replace("2026/05/01 10:11:12", "1 May at ten"))
    assert [(row[1], row[2]) for row in place.quarantine()] == [(2, "bad_last_active_at")]
    assert place.rows("tool_seats", "email_key") == [(BOB,)]


def _ramp(number: int, **more: object) -> dict[str, object]:
    return {
        "id": f"r-{number}", "merchant_name": "Figma", "merchant_descriptor": "FIGMA INC",
        "amount": 12.34, "currency_code": "USD", "sk_category_name": "SaaS / Software",
        "card_holder": {"first_name": "Ann", "department_name": "Design"},
        "original_transaction_amount": {"amount": 1234, "currency_code": "USD"},
        "user_transaction_time": "2026-05-01T10:00:00+00:00", "state": "CLEARED", "memo": None,
    } | more  # fmt: skip


def test_ramp_is_in_dollars_and_brex_in_cents(place) -> None:
    rows = [_ramp(1), _ramp(2, amount=-5, state="CLEARED"), _ramp(3, state="DECLINED"),
            _ramp(4, amount=1999, currency_code="JPY", state="PENDING")]  # fmt: skip
    place.drop("ramp.json", json.dumps({"data": rows, "page": {"next": None}}))
    expense = {
        "id": "b-1", "merchant": {"raw_descriptor": "NOTION LABS"}, "memo": "seats",
        "billing_amount": {"amount": 9900, "currency": "USD"}, "category": "SOFTWARE",
        "purchased_at": "2026-05-01T10:00:00Z", "payment_status": "CLEARED",
        "department": {"name": "Product"},
    }  # fmt: skip
    place.drop("brex.json", json.dumps({"next_cursor": None, "items": [expense]}))
    place.run()
    columns = "spend_id, vendor_name, spent_on, amount_minor, currency, state, payer"
    day = date(2026, 5, 1)
    assert place.rows("tool_spend", columns, "order by spend_id") == [
        ("b-1", "NOTION LABS", day, 9900, "USD", "cleared", "Product"),
        ("r-1", "Figma", day, 1234, "USD", "cleared", "Design"),
        ("r-2", "Figma", day, -500, "USD", "cleared", "Design"),
        ("r-3", "Figma", day, 1234, "USD", "declined", "Design"),
        # The yen has no hundredth part.
        ("r-4", "Figma", day, 1999, "JPY", "pending", "Design"),
    ]


def test_an_amount_in_words_is_set_aside(place) -> None:
    outcome = place.land("ramp.json", json.dumps({"data": [_ramp(1, amount="twelve")]}))
    assert loaded(outcome)["quarantined"] == 1
    assert [row[2] for row in place.quarantine()] == ["bad_amount_minor"]


def test_google_reports_name_the_app_of_each_activity(place) -> None:
    activity = {
        "kind": "admin#reports#activity",
        "id": {"time": "2026-05-01T10:00:00.000Z", "uniqueQualifier": "77",
               "applicationName": "token", "customerId": "C1"},
        "actor": {"email": "Ann@corp.test", "profileId": "1001"},
        "events": [
            {"type": "auth", "name": "authorize", "parameters": [
                {"name": "client_id", "value": "9"}, {"name": "app_name", "value": "Figma"}]},
            {"type": "auth", "name": "activity", "parameters": [
                {"name": "app_name", "value": "Miro"}]},
        ],
    }  # fmt: skip
    outcome = place.land("google.json", json.dumps({"kind": "x", "items": [activity, activity]}))
    assert loaded(outcome) == {"in": 4, "loaded": 2, "duplicate": 2, "quarantined": 0}
    columns = "app_name, activity_type, actor_ref, email_key, occurred_at"
    assert place.rows("tool_activity", columns, "order by 1") == [
        ("Figma", "authorize", "1001", ANN, datetime(2026, 5, 1, 10)),
        ("Miro", "activity", "1001", ANN, datetime(2026, 5, 1, 10)),
    ]


def test_what_was_billed_and_not_paid_is_no_spend_yet(place) -> None:
    words = {"Paid": "cleared", "Overdue": "pending", "Unpaid": "pending", "Draft": "pending"}
    words |= {"Cancelled": "declined", "Failed": "declined", "Void": "declined", "": "cleared"}
    place.land(
        "invoices.csv",
        "Invoice number,Vendor,Invoice date,Amount,Currency,Status\n"
        + "".join(f"{word or 'none'},Figma,2026-05-01,9.00,EUR,{word}\n" for word in words),
    )
    states = dict(place.rows("tool_spend", "spend_id, state"))
    assert states == {word or "none": state for word, state in words.items()}
