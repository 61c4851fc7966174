"""Exports of Harborline's own tools: members of Slack, Figma and Atlassian, sign-ons, invoices.

Belongs here: who has which seat and uses it, in the vendors' CSV and JSON. Does not belong here:
the register of tools (`demo.registry`).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from demo import catalog
from demo.company import AS_OF, STARTS_ON, moment, source_of_chance
from demo.files import Delivery
from demo.people import Person

SNAPSHOTS = (date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30),
             date(2026, 5, 31), date(2026, 6, 29))  # fmt: skip
_ASSIGNED = {"slack": 66, "figma": 52, "atlassian": 58}
_IDLE = {"slack": 0, "figma": 18, "atlassian": 9}
_SEATS = ("Full", "Dev", "Collab")
LEAVERS = 3
LEFT_ON = date(2026, 5, 8)


@dataclass(frozen=True)
class Seat:
    """One employee's seat; `stopped_on` is the last day of use, None where it is used still."""

    tool_id: str
    person: Person
    joined_on: date
    seat_type: str
    stopped_on: date | None
    every_days: float
    has_left: bool

    def last_seen(self, on: date) -> date | None:
        """Last day of use before the end of a day; None before the first."""
        end = min(on, self.stopped_on or on)
        seen = end - timedelta(
            int((on.toordinal() * 7 + len(self.person.email) * 3) % self.every_days)
        )
        last = self.stopped_on if self.stopped_on and self.stopped_on <= on else seen
        return last if last >= self.joined_on else None


def make_seats(seed: int, employees: list[Person], size: int) -> list[Seat]:
    """Seats of all tools: some have been idle for more than 90 days, three belong to leavers."""
    chance = source_of_chance(seed, "seats")
    seats: list[Seat] = []
    leavers = employees[:LEAVERS]
    for tool in catalog.TOOLS:
        count = min(_ASSIGNED[tool.tool_id], len(employees))
        holders = leavers + chance.sample(employees[LEAVERS:], count - LEAVERS)
        idle = {p.user_id for p in holders[LEAVERS : LEAVERS + _IDLE[tool.tool_id]]}
        for person in holders:
            is_idle, has_left = person.user_id in idle, person in leavers
            stopped = LEFT_ON if has_left else None
            if is_idle:
                stopped = STARTS_ON + timedelta(chance.randint(0, 70))
            joined = date(2025, 9, 1) + timedelta(chance.randrange(120))
            # The last few came one by one in the months that the exports show.
            if (late := len(holders) - 1 - holders.index(person)) < 5:
                joined = date(2026, 2 + late, 12)
            seats.append(
                Seat(
                    tool.tool_id,
                    person,
                    joined,
                    chance.choice(_SEATS),
                    stopped,
                    1 if is_idle else chance.choice((1, 2, 5, 12)),
                    has_left,
                )
            )
    return seats


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


def _sign_on(
    chance: random.Random, person: Person, app: str, at: datetime, number: int
) -> dict[str, Any]:
    is_good = chance.random() < 0.98
    return {
        "actor": {
            "id": f"00u{person.zendesk_id}",
            "type": "User",
            "alternateId": person.email,
            "displayName": person.name,
            "detailEntry": None,
        },
        "client": {
            "userAgent": {"rawUserAgent": "Mozilla/5.0", "os": "Mac OS X", "browser": "CHROME"},
            "zone": "null",
            "device": "Computer",
            "ipAddress": "203.0.113.7",
        },
        "displayMessage": "User single sign on to app",
        "eventType": "user.authentication.sso",
        "outcome": {
            "result": "SUCCESS" if is_good else "FAILURE",
            "reason": None if is_good else "INVALID_CREDENTIALS",
        },
        "published": at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{chance.randrange(1000):03d}Z",
        "severity": "INFO" if is_good else "WARN",
        "uuid": f"{chance.getrandbits(32):08x}-{number:08x}",
        "version": "0",
        "target": [
            {
                "id": f"0oa{app.lower()}",
                "type": "AppInstance",
                "alternateId": app,
                "displayName": app,
                "detailEntry": None,
            },
            {
                "id": f"0ua{person.zendesk_id}",
                "type": "AppUser",
                "alternateId": person.email,
                "displayName": person.name,
                "detailEntry": None,
            },
        ],
    }


def _write_sign_ons(delivery: Delivery, seed: int, seats: list[Seat]) -> None:
    """The last 90 days, as long as the vendor keeps them, in a file for each month."""
    chance = source_of_chance(seed, "sign-ons")
    names = {t.tool_id: t.name for t in catalog.TOOLS}
    by_month: dict[int, list[dict[str, Any]]] = {4: [], 5: [], 6: []}
    for n in range(89):
        day = date(2026, 4, 2) + timedelta(n)
        for seat in seats if day.weekday() < 5 else ():
            if (seat.stopped_on and seat.stopped_on < day) or chance.random() > 0.25:
                continue
            at = moment(day, chance.randint(12, 20), chance.randrange(60), chance.randrange(60))
            month = by_month[day.month]
            month.append(
                _sign_on(
                    chance, seat.person, names[seat.tool_id], at, day.month * 10**6 + len(month)
                )
            )
        if day.weekday() == 2:
            # An app that stands in nobody's register.
            month = by_month[day.month]
            month.append(
                _sign_on(
                    chance,
                    seats[5].person,
                    "Canva",
                    moment(day, 15),
                    day.month * 10**6 + len(month),
                )
            )
    for month, events in by_month.items():
        events.sort(key=lambda e: (e["published"], e["uuid"]))
        at = moment(date(2026, month + 1, 1), 5) if month < 6 else AS_OF
        delivery.json("okta_system_log", f"drop/okta/system_log_2026-{month:02d}.json", events, at)
        for event in events:
            delivery.row("okta_system_log", "tool_activity", event["uuid"], 1)


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
    _write_sign_ons(delivery, seed, seats)
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
