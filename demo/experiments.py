"""What Harborline tries: plans and metrics of its register, and who a flag service showed what.

Belongs here: experiments as the register and the flag service tell them. Does not belong here: what
people who were shown something then did (`demo.usage`).

Four experiments, one for each way that it can end: read and shipped (its exposures are events of
the product), not to be read because one arm got too many, without a finding, and still running.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

from demo import catalog
from demo.company import ENDS_ON, moment
from demo.files import Delivery
from demo.people import Person
from demo.usage import Hit

SKEWED, QUIET, RUNNING = "exp_export_hint", "exp_alert_digest", "exp_dashboard_home"
# Of a hundred units, how many the flag service sent to the new variation; fifty were planned.
SHARES = {SKEWED: 68, QUIET: 50, RUNNING: 50}
SPANS = {
    SKEWED: (date(2026, 4, 13), date(2026, 5, 17)),
    QUIET: (date(2026, 4, 20), date(2026, 5, 31)),
    RUNNING: (date(2026, 6, 15), date(2026, 7, 12)),
}

_METRICS: tuple[dict[str, Any], ...] = (
    {"metric_id": "report_views", "name": "Reports viewed in two weeks", "kind": "mean",
     "numerator": "feature:reports", "direction": "increase", "cap_quantile": 0.99,
     "unit": "reports"},
    {"metric_id": "exports", "name": "Reports exported in two weeks", "kind": "mean",
     "numerator": "feature:export", "direction": "increase", "unit": "exports"},
    {"metric_id": "alert_days", "name": "Days with an alert acknowledged", "kind": "mean",
     "numerator": "feature_days:alerts", "direction": "increase", "unit": "days"},
    {"metric_id": "dashboard_days", "name": "Days with a dashboard", "kind": "mean",
     "numerator": "feature_days:dashboards", "direction": "increase", "unit": "days"},
    {"metric_id": "week_2_return", "name": "Came back in the second week", "kind": "proportion",
     "numerator": "active_days", "from_day": 7, "to_day": 13, "direction": "increase",
     "unit": "people"},
    {"metric_id": "events_per_day", "name": "Value events on an active day", "kind": "ratio",
     "numerator": "value_events", "denominator": "active_days", "direction": "increase",
     "unit": "events"},
    {"metric_id": "value_events", "name": "Value events in two weeks", "kind": "mean",
     "numerator": "value_events", "direction": "increase", "cap_quantile": 0.99, "unit": "events"},
    {"metric_id": "tickets", "name": "Tickets opened in two weeks", "kind": "mean",
     "numerator": "tickets", "direction": "decrease", "unit": "tickets"},
)  # fmt: skip


def metrics() -> list[dict[str, Any]]:
    """Entries of registry/metrics/."""
    return [metric | {"owner": "product-analytics"} for metric in _METRICS]


def plans() -> list[dict[str, Any]]:
    """Entries of registry/experiments/."""
    return [_checklist(), _export_hint(), _alert_digest(), _dashboard_home()]


def _plan(
    experiment_id: str, name: str, span: tuple[date, date], primary: str, mde: float,
    variations: list[tuple[str, str]], hypothesis: tuple[str, str, str, str], **more: Any,
) -> dict[str, Any]:  # fmt: skip
    starts_on, ends_on = span
    words = ("because", "we_believe", "will_cause", "for_users")
    analysis = {"cuped_days": 14, "window_days": 14, "min_runtime_days": 14}
    return {
        "experiment_id": experiment_id, "name": name, "template": "ab_standard",
        "owner": "pm-platform", "team": "platform",
        "hypothesis": dict(zip(words, hypothesis, strict=True)),
        "unit": "person", "status": "running", "starts_on": starts_on, "ends_on": ends_on,
        "targeting": "Everybody who is active", "coverage": 1.0,
        "variations": [
            {"id": key, "name": text, "weight": 0.5, "is_control": number == 0}
            for number, (key, text) in enumerate(variations)
        ],
        "primary": {"metric": primary, "direction": "increase", "mde_relative": mde},
        "guardrails": [
            {"metric": "value_events", "bad_direction": "decrease", "margin_relative": 0.25}
        ],
        "analysis": {"method": "fixed_horizon", **analysis},
    } | more  # fmt: skip


def _checklist() -> dict[str, Any]:
    span = (catalog.EXPERIMENT_FROM, catalog.EXPERIMENT_TO)
    plan = _plan(
        catalog.EXPERIMENT, "Onboarding checklist", span, "report_views", 0.4,
        list(catalog.VARIATIONS),
        ("half of the active people never open a report", "a checklist that leads to reports",
         "more reports viewed within two weeks", "everybody who is active"),
        feature_id="reports", status="decided",
    )  # fmt: skip
    looks = [date(2026, 5, 31), span[1] + timedelta(13)]
    return plan | {
        "secondary": ["week_2_return", "events_per_day", "exports"],
        "analysis": plan["analysis"] | {"method": "group_sequential", "looks": looks},
        "decision": {
            "outcome": "ship", "variation": catalog.VARIATIONS[1][0], "decided_on": ENDS_ON,
            "decided_by": "pm-platform",
            "rationale": "More reports are viewed and nothing else got worse.",
            "learning": "People did not miss reports because they did not want them.",
        },
    }  # fmt: skip


def _export_hint() -> dict[str, Any]:
    return _plan(
        SKEWED, "Hint beside the export", SPANS[SKEWED], "exports", 0.4,
        [("off", "No hint"), ("on", "Hint")],
        ("people ask support how to export", "a hint beside the export", "more exports",
         "everybody who views reports"),
        feature_id="export", status="stopped", team="analytics", owner="pm-analytics",
    )  # fmt: skip


def _alert_digest() -> dict[str, Any]:
    return _plan(
        QUIET, "Daily digest of alerts", SPANS[QUIET], "alert_days", 0.4,
        [("off", "Each alert on its own"), ("on", "A digest a day")],
        ("alerts are switched off after a busy week", "a digest a day",
         "more days with an alert acknowledged", "everybody with alerts"),
        feature_id="alerts", status="decided", team="visibility", owner="pm-visibility",
        decision={
            "outcome": "stop", "decided_on": date(2026, 6, 22), "decided_by": "pm-visibility",
            "rationale": "Nothing was found; the digest is not worth its upkeep.",
            "learning": "How often alerts come is not what keeps people from reading them.",
        },
    )  # fmt: skip


def _dashboard_home() -> dict[str, Any]:
    return _plan(
        RUNNING, "Dashboard as home page", SPANS[RUNNING], "dashboard_days", 0.4,
        [("list", "Shipments as home page"), ("dashboard", "Dashboard as home page")],
        ("dashboards are opened late in a session", "a dashboard as the home page",
         "more days with a dashboard", "plans with dashboards"),
        feature_id="dashboards", team="analytics", owner="pm-analytics",
    )  # fmt: skip


def exposures(hits: list[Hit], people: list[Person]) -> list[tuple[str, str, str, str]]:
    """Rows of the flag service: experiment, user, time, variation; each user's first day in it."""
    customers = {p.user_id for p in people if p.kind == "customer"}
    arms = {plan["experiment_id"]: [v["id"] for v in plan["variations"]] for plan in plans()}
    rows = []
    for experiment_id, (first, last) in SPANS.items():
        seen: dict[str, int] = {}
        for hit in hits:
            day = datetime.fromtimestamp(hit.occurred / 1000, UTC).date()
            if hit.user_id in customers and first < day <= min(last, ENDS_ON):
                seen[hit.user_id] = min(seen.get(hit.user_id, hit.occurred), hit.occurred)
        for user_id, at in sorted(seen.items()):
            drawn = hashlib.sha256(f"{user_id}:{experiment_id}".encode()).digest()[0] * 100 // 256
            moment_text = datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
            arm = arms[experiment_id][drawn < SHARES[experiment_id]]
            rows.append((user_id, moment_text, experiment_id, arm))
    return sorted(rows, key=lambda row: (row[1], row[0], row[2]))


def write_exposures(delivery: Delivery, hits: list[Hit], people: list[Person]) -> None:
    """The flag service's exposures, as it exports them at the end."""
    rows = exposures(hits, people)
    header = ("user_id", "timestamp", "experiment_id", "variation_id")
    path = "drop/growthbook/exposures.csv"
    delivery.table("growthbook_exposures", path, [header, *rows], moment(ENDS_ON, 6))
    for row in rows:
        delivery.row("growthbook_exposures", "exposures", row, row)
