"""What the random company decided: its registers, accounts and how these change.

Belongs here: rows of contracts that are the same for every seed. Does not belong here: events
(usage_world).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any


def funnel(
    funnel_id: str, version: int, hours: int, steps: list[str], exclude: Iterable[str] = (), *,
    hold: str | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Rows of one funnel in the company's register."""
    return [
        {"funnel_id": funnel_id, "funnel_version": version, "window_hours": hours,
         "held_property": hold, "is_exclusion": is_exclusion, "step_number": number,
         "event_name": name}
        for is_exclusion, names in ((False, steps), (True, exclude))
        for number, name in enumerate(names, start=1)
    ]  # fmt: skip


REGISTRY: dict[str, list[dict[str, Any]]] = {
    "tracking_plan": [
        {"event_name": "Export", "feature_id": "export", "event_class": "value"},
        {"event_name": "Share", "feature_id": "share", "event_class": "value"},
        {"event_name": "Legacy", "feature_id": "legacy", "event_class": "value"},
        {"event_name": "Search", "feature_id": "search", "event_class": "value"},
        {"event_name": "Opened", "event_class": "neutral"},
        {"event_name": "Beat", "event_class": "system"},
    ],
    "features": [
        {"feature_id": "export", "name": "Export", "entitled_plans": ["pro", "starter"]},
        {"feature_id": "share", "name": "Share", "released_on": dt.date(2026, 5, 7)},
        {"feature_id": "legacy", "name": "Legacy", "retired_on": dt.date(2026, 5, 6)},
        {"feature_id": "search", "name": "Search", "entitled_plans": ["pro", "starter", "trial"],
         "flag_id": "new-search", "flag_variations": ["on", "beta"]},
        {"feature_id": "unborn", "name": "Not yet", "released_on": dt.date(2027, 1, 1)},
    ],
    "activation_criteria": [
        {"criteria_id": "active", "criteria_version": 1, "use_count": 3, "within_days": 14},
        {"criteria_id": "active", "criteria_version": 2, "criteria_name": "Exports",
         "feature_id": "export", "use_count": 2, "within_days": 7},
    ],
    "funnel_steps": [
        *funnel("find", 1, 72, ["Search", "Export", "Share"], ["Odd"]),
        *funnel("again", 2, 24, ["Export", "Export"]),
        *funnel("doc", 1, 240, ["Opened", "Export", "Share"], ["Legacy"], hold="doc"),
    ],
    "exclusions": [
        {"subject_type": "email_domain", "subject": "harborline.test", "reason": "employee"},
        {"subject_type": "user_agent", "subject": "ping_dom", "reason": "synthetic_monitor"},
        {"subject_type": "user_id", "subject": "u11", "reason": "partner",
         "valid_from": dt.date(2026, 5, 1)},
        {"subject_type": "account", "subject": "a6", "reason": "demo", "valid_to": dt.date(2026, 5,
         10)},
        {"subject_type": "event_name", "subject": "Legacy", "reason": "test_account",
         "valid_from": dt.date(2026, 4, 20), "valid_to": dt.date(2026, 4, 25)},
    ],
}  # fmt: skip
ACCOUNTS: list[dict[str, Any]] = [
    {"account_ref": "1", "external_id": "a1", "plan": "pro", "paid_seat_count": 3,
     "time_zone": "America/Los_Angeles", "domain": "a1.test", "updated_at": dt.datetime(2026, 4,
     1)},
    {"account_ref": "2", "external_id": "a2", "plan": "trial", "paid_seat_count": 9,
     "time_zone": "Pacific/Auckland", "updated_at": dt.datetime(2026, 4, 1)},
    {"account_ref": "2", "external_id": "a2", "plan": "starter", "paid_seat_count": 2,
     "time_zone": "Pacific/Auckland", "updated_at": dt.datetime(2026, 5, 3, 9)},
    {"account_ref": "3", "external_id": "a3", "plan": "free", "paid_seat_count": 5,
     "domain": "a3.test", "updated_at": dt.datetime(2026, 4, 1)},
    {"account_ref": "4", "external_id": "a4", "plan": "pro", "paid_seat_count": 2, "time_zone":
     "Asia/Kolkata",
     "churned_on": dt.date(2026, 5, 20), "updated_at": dt.datetime(2026, 4, 15)},
    {"account_ref": "5", "plan": "pro", "paid_seat_count": 4, "domain": "a5.test",
     "created_at": dt.datetime(2026, 4, 22, 3), "updated_at": dt.datetime(2026, 4, 22, 3)},
]  # fmt: skip
CHANGES: list[dict[str, Any]] = [
    {"account_ref": "1", "external_id": "a1", "plan": "enterprise", "paid_seat_count": 2, "domain":
     "a1.test",
     "time_zone": "Asia/Tokyo", "updated_at": dt.datetime(2026, 5, 26)},
    {"account_ref": "3", "external_id": "a3", "plan": "free", "churned_on": dt.date(2026, 5, 28),
     "domain": "a3.test", "updated_at": dt.datetime(2026, 5, 29)},
    {"account_ref": "6", "external_id": "a6", "plan": "starter", "paid_seat_count": 1,
     "updated_at": dt.datetime(2026, 4, 5)},
    {"account_ref": "6", "external_id": "a6", "plan": "starter", "churned_on": dt.date(2026, 4, 19),
     "updated_at": dt.datetime(2026, 4, 17)},
    {"account_ref": "6", "external_id": "a6", "plan": "pro", "paid_seat_count": 1,
     "created_at": dt.datetime(2026, 4, 2), "updated_at": dt.datetime(2026, 5, 2)},
]  # fmt: skip
# What the company may decide anew, beside what it decided before.
DECISIONS: dict[str, list[dict[str, Any]]] = {
    "exclusions": [
        {"subject_type": "account", "subject": "a1", "reason": "demo",
         "valid_from": dt.date(2026, 4, 25)},
        {"subject_type": "user_id", "subject": "u02", "reason": "employee"},
    ],
    "tracking_plan": [
        {"event_name": "Share", "event_class": "neutral"},
        {"event_name": "Opened", "feature_id": "share", "event_class": "value"},
    ],
    "activation_criteria": [
        {"criteria_id": "active", "criteria_version": 3, "use_count": 2, "within_days": 3},
    ],
    "funnel_steps": funnel("find", 2, 240, ["Search", "Opened"]),
}  # fmt: skip
