"""Exports of Harborline's own tools: members of Slack, Figma and Atlassian, and invoices.

Belongs here: the vendors' CSV. Does not belong here: who has a seat (`demo.seats`), sign-ons
(`demo.okta`), the register of tools (`demo.registry`).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from demo import catalog
from demo.company import AS_OF, moment
from demo.files import Delivery
from demo.okta import write_sign_ons
from demo.seats import LEFT_ON, SNAPSHOTS, Seat


def _slack(seats: list[Seat], on: date) -> list[list[Any]]:
    rows: list[list[Any]] = [
        [
            "username",
            "email",
            "status",
            "billing-active",
            "has-2fa",
            "has-sso",
            "userid",
            "fullname",
            "displayname",
            "expiration-timestamp",
        ]
    ]
    for seat in seats:
        person, is_gone = seat.person, seat.has_left and on >= LEFT_ON
        handle = person.email.split("@")[0]
        rows.append(
            [
                handle,
                person.email,
                "Deactivated" if is_gone else "Member",
                0 if is_gone else 1,
                1,
                1,
                f"U0{person.zendesk_id % 10**8:08d}",
                person.name,
                handle,
                "",
            ]
        )
    return rows


def _figma(seats: list[Seat], on: date) -> list[list[Any]]:
    rows: list[list[Any]] = [["Name", "Email", "Role", "Seat", "Date added", "Job title", "Teams",
                              "Last edit", "Last Seen"]]  # fmt: skip
    for seat in seats:
        seen = seat.last_seen(on)
        rows.append(
            [
                seat.person.name,
                seat.person.email,
                "Member",
                seat.seat_type,
                seat.joined_on.isoformat(),
                "",
                "Harborline, Design system",
                seen.isoformat() if seen else "",
                seen.isoformat() if seen else "Never",
            ]
        )
    return rows


def _atlassian(seats: list[Seat], on: date) -> list[list[Any]]:
    rows: list[list[Any]] = [
        [
            "User id",
            "User name",
            "email",
            "User status",
            "Added to org",
            "Org role",
            "Jira - harborline",
            "Confluence - harborline",
            "Last seen in Jira - harborline",
            "Last seen in Confluence - harborline",
        ]
    ]
    for n, seat in enumerate(seats):
        seen = seat.last_seen(on)
        older = seen - timedelta(n % 9) if seen else None
        rows.append(
            [
                f"5f{seat.person.zendesk_id:022x}",
                seat.person.name,
                seat.person.email,
                "Active",
                seat.joined_on.isoformat(),
                "None",
                "User",
                "User",
                seen.isoformat() if seen else "Never accessed",
                older.isoformat() if older and n % 4 else "Never accessed",
            ]
        )
    return rows


def _write_members(delivery: Delivery, seats: list[Seat]) -> None:
    writers = {
        "slack": ("slack_members", _slack, "drop/slack/slack-harborline-members-{}.csv", 6),
        "figma": ("figma_members", _figma, "drop/figma/Harborline_members_{}.csv", 1),
        "atlassian": ("atlassian_users", _atlassian, "drop/atlassian/export-users_{}.csv", 0),
    }
    for tool_id, (kind, rows_of, pattern, key) in writers.items():
        for on in SNAPSHOTS:
            rows = rows_of([s for s in seats if s.tool_id == tool_id and s.joined_on <= on], on)
            delivery.table(kind, pattern.format(on.isoformat()), rows, moment(on, 21))
            for row in rows[1:]:
                delivery.row(kind, "tool_seats", (row[key], on), tuple(row))


def make_invoices() -> list[list[str]]:
    """Invoice lines of the half-year: monthly seats, a refund, a card charge nobody registered."""
    rows: list[list[str]] = []
    for month in range(1, 7):
        for tool in catalog.TOOLS:
            amount = tool.purchased * tool.price
            rows.append(
                [
                    f"INV-{tool.tool_id.upper()}-2026{month:02d}",
                    tool.vendor,
                    f"2026-{month:02d}-03",
                    f"2026-{month:02d}-28",
                    f"{tool.purchased} seats",
                    f"{amount / 100:,.2f}",
                    "USD",
                    "Software",
                    "IT" if tool.owner == "it" else "Design",
                    "Paid",
                ]
            )
        rows.append(
            [
                f"CARD-{month:02d}-881",
                catalog.SHADOW_VENDOR,
                f"2026-{month:02d}-17",
                "",
                "Canva for Teams",
                "119.90",
                "USD",
                "Software",
                "Marketing",
                "Cleared",
            ]
        )
    rows.append(
        [
            "CRN-SLACK-202604",
            "Slack Technologies",
            "2026-04-20",
            "",
            "Credit, 10 seats",
            "(125.00)",
            "USD",
            "Software",
            "IT",
            "Refunded",
        ]
    )
    rows.append(
        [
            "CARD-05-903",
            "Miro",
            "2026-05-11",
            "",
            "Declined charge",
            "96.00",
            "USD",
            "Software",
            "Product",
            "Declined",
        ]
    )
    return rows


def write_tools(
    delivery: Delivery, seed: int, seats: list[Seat], invoices: list[list[str]]
) -> None:
    """Writes all exports of tools; each month's invoices hold the month before once more."""
    _write_members(delivery, seats)
    write_sign_ons(delivery, seed, seats)
    header = [
        "Invoice Number",
        "Vendor",
        "Invoice Date",
        "Due Date",
        "Description",
        "Amount",
        "Currency",
        "Category",
        "Department",
        "Status",
    ]
    for month in range(1, 7):
        rows = [r for r in invoices if int(r[2][5:7]) in (month - 1, month)]
        at = moment(date(2026, month + 1, 1), 9) if month < 6 else AS_OF
        delivery.table(
            "invoices", f"drop/invoices/invoices_2026-{month:02d}.csv", [header, *rows], at
        )
        for row in rows:
            delivery.row("invoices", "tool_spend", row[0], tuple(row))
