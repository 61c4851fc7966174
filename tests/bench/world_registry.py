"""What the company of the benches decided: its registers, agents and office hours.

Belongs here: rows of contracts that are the same on every day and at any size. Does not belong
here: what happens day by day (world.py, world_desk.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from tests.sql.usage_registry import funnel

Rows = list[dict[str, Any]]

# From the most used to the least.
NAMES = (
    "Report Viewed", "Board Opened", "Heartbeat", "Report Exported", "Card Moved", "Search Done",
    "Card Created", "Comment Added", "Board Shared", "Filter Saved", "File Attached",
    "Settings Opened", "Alert Created", "Experiment Viewed", "Import Done", "Board Archived",
    "Invite Sent", "Plan Viewed", "Api Key Made", "Odd Thing",
)  # fmt: skip
_NEUTRAL = {"Board Opened", "Settings Opened", "Plan Viewed"}
_FEATURES = {
    "Report Viewed": "reports", "Report Exported": "export", "Card Moved": "boards",
    "Card Created": "boards", "Search Done": "search", "Comment Added": "comments",
    "Board Shared": "sharing", "Filter Saved": "search", "File Attached": "files",
    "Alert Created": "alerts", "Import Done": "import", "Invite Sent": "sharing",
}  # fmt: skip
THEMES = (
    ("export_fails", "export", ("export fail*", "csv is empty", "cannot export")),
    ("slow_boards", "boards", ("slow board", "takes forever", "freezes")),
    ("missing_alerts", "alerts", ("no alert", "notification miss*", "email never")),
    ("search_wrong", "search", ("search does not", "wrong result*", "cannot find")),
    ("share_denied", "sharing", ("permission denied", "cannot share", "access request")),
    ("import_breaks", "import", ("import stop*", "encoding", "duplicate rows")),
    ("billing", None, ("invoice", "refund", "credit card")),
    ("login", None, ("cannot log in", "password", "single sign-on")),
)
_POLICIES = (
    ("reply-urgent", "first_reply", "urgent", 60, "business"),
    ("reply-all", "first_reply", None, 480, "business"),
    ("next-all", "next_reply", None, 720, "calendar"),
    ("solve-high", "resolution", "high", 2880, "business"),
    ("solve-all", "resolution", None, 4320, "calendar"),
)


def _class(name: str) -> str:
    return "system" if name == "Heartbeat" else "neutral" if name in _NEUTRAL else "value"


def _plan() -> Rows:
    return [
        {"event_name": name, "feature_id": _FEATURES.get(name), "event_class": _class(name)}
        for name in NAMES
        if name != "Odd Thing"
    ]


def _themes() -> Rows:
    return [
        {"theme_id": theme, "theme_name": theme, "feature_id": feature, "term": term,
         "is_exclusion": False}
        for theme, feature, terms in THEMES for term in terms
    ]  # fmt: skip


def registry(known: dt.datetime) -> Iterator[tuple[str, str, Rows]]:
    """Contract, source and rows, as known since a moment before the first day."""
    yield "tracking_plan", "registry", _plan()
    yield (
        "features",
        "registry",
        [{"feature_id": feature, "name": feature} for feature in sorted(set(_FEATURES.values()))],
    )
    yield "activation_criteria", "registry", [
        {"criteria_id": "active", "criteria_version": 1, "use_count": 3, "within_days": 14},
        {"criteria_id": "exports", "criteria_version": 1, "feature_id": "export", "use_count": 2,
         "within_days": 7},
    ]  # fmt: skip
    yield "funnel_steps", "registry", [
        *funnel("find", 1, 72, ["Search Done", "Report Viewed", "Report Exported"], ["Odd Thing"]),
        *funnel("card", 1, 24, ["Board Opened", "Card Created", "Card Moved"]),
        *funnel("doc", 1, 168, ["Report Viewed", "Comment Added", "Board Shared"], hold="doc"),
    ]  # fmt: skip
    yield "exclusions", "registry", [
        {"subject_type": "email_domain", "subject": "harborline.test", "reason": "employee"},
        {"subject_type": "user_agent", "subject": "ping_dom", "reason": "synthetic_monitor"},
        {"subject_type": "account", "subject": "acc_3", "reason": "demo"},
    ]  # fmt: skip
    yield "theme_terms", "registry", _themes()
    names = ("policy_id", "metric", "priority", "target_minutes", "hours")
    yield "sla_policies", "registry", [dict(zip(names, row, strict=True)) for row in _POLICIES]
    yield "business_hours", "zendesk", [
        {"schedule_ref": "1", "time_zone": "America/New_York", "updated_at": known,
         "opens_minute": day * 1440 + 540, "closes_minute": day * 1440 + 1020}
        for day in range(1, 6)
    ]  # fmt: skip
    yield "identities", "zendesk", [
        {"identity_ref": f"agent{number}", "role": "agent", "updated_at": known}
        for number in range(20)
    ]  # fmt: skip
    yield "experiments", "registry", [
        {"experiment_id": "e1", "name": "e1", "unit": "person", "status": "running",
         "starts_on": known.date()}
    ]  # fmt: skip
    tools = [f"tool{number}" for number in range(5)]
    yield (
        "tools",
        "registry",
        [{"tool_id": tool, "name": tool, "app_names": [tool.title()]} for tool in tools],
    )
    yield "survey_questions", "registry", [
        {"survey_id": "nps", "question_id": "q1", "question_kind": "nps", "scale_min": 0,
         "scale_max": 10}
    ]  # fmt: skip
