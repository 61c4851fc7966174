"""What Harborline has: features, planned events, themes, tools, releases, the experiment.

Belongs here: names, dates and prices that several files share. Does not belong here: chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

LAUNCH_FEATURE = "smart_eta"
LAUNCH_ON = date(2026, 4, 14)
LAUNCH_PLANS = ("pro", "enterprise")
FIXED_THEME = "export_fails"
FIX_ON = date(2026, 3, 17)
RETIRED_ON = date(2026, 4, 1)
EXPERIMENT = "exp_onboarding_checklist"
EXPERIMENT_FROM, EXPERIMENT_TO = date(2026, 5, 4), date(2026, 6, 14)
# How often somebody with the checklist views one report more on a day.
CHECKLIST_EFFECT = 0.25
VARIATIONS = (("control", "No checklist"), ("checklist", "Checklist on the first day"))

# id, name, area, owner, plans (None: all), released, retired
FEATURES: tuple[
    tuple[str, str, str, str, tuple[str, ...] | None, date | None, date | None], ...
] = (
    ("tracking", "Shipment tracking", "visibility", "pm-visibility", None, None, None),
    ("bookings", "Bookings", "operations", "pm-operations", None, None, None),
    ("reports", "Reports", "analytics", "pm-analytics", None, None, None),
    ("export", "Report export", "analytics", "pm-analytics", None, None, None),
    (
        "dashboards",
        "Dashboards",
        "analytics",
        "pm-analytics",
        ("starter", *LAUNCH_PLANS),
        None,
        None,
    ),
    ("alerts", "Delay alerts", "visibility", "pm-visibility", None, None, None),
    (LAUNCH_FEATURE, "Smart ETA", "visibility", "pm-visibility", LAUNCH_PLANS, LAUNCH_ON, None),
    ("legacy_map", "Legacy map", "visibility", "pm-visibility", None, None, RETIRED_ON),
    ("sso", "Single sign-on", "platform", "pm-platform", ("enterprise",), None, None),
)

# event, feature, class, weight among a person's events of a day
EVENTS: tuple[tuple[str, str | None, str, float], ...] = (
    ("Shipment Tracked", "tracking", "value", 5.0),
    ("Booking Created", "bookings", "value", 2.0),
    ("Report Viewed", "reports", "value", 2.0),
    ("Report Exported", "export", "value", 1.0),
    ("Dashboard Viewed", "dashboards", "value", 1.5),
    ("Alert Acknowledged", "alerts", "value", 1.0),
    ("Legacy Map Opened", "legacy_map", "value", 0.3),
    ("ETA Forecast Viewed", LAUNCH_FEATURE, "value", 0.0),
    ("Shared Report Viewed", "reports", "value", 0.0),
    ("Search Performed", None, "neutral", 1.2),
    ("Settings Opened", None, "neutral", 0.4),
    ("Pricing Viewed", None, "neutral", 0.0),
    ("Session Heartbeat", None, "system", 0.0),
    ("Experiment Viewed", None, "system", 0.0),
)
FUNNELS: tuple[dict[str, Any], ...] = (
    {"funnel_id": "report_to_export", "name": "From a report to its export", "version": 1,
     "window_hours": 168, "steps": ["Report Viewed", "Report Exported"]},
    {"funnel_id": "track_to_book", "name": "From a shipment to a booking", "version": 1,
     "window_hours": 72, "steps": ["Shipment Tracked", "Search Performed", "Booking Created"],
     "exclude": ["Settings Opened"]},
)  # fmt: skip
ACTIVATION: tuple[dict[str, Any], ...] = (
    {"criteria_id": "regular", "name": "Five uses in a week", "version": 1, "use_count": 5,
     "within_days": 7},
    {"criteria_id": "booked", "name": "Two bookings in two weeks", "version": 1,
     "feature_id": "bookings", "use_count": 2, "within_days": 14},
)  # fmt: skip
# Sent by the product, in nobody's plan: shows up as unmapped.
UNPLANNED_EVENT = "Button Clicked"
VALUE_EVENTS = {event: feature for event, feature, kind, _ in EVENTS if kind == "value"}


@dataclass(frozen=True)
class Theme:
    """A theme of feedback: the words that show it and sentences that customers write."""

    theme_id: str
    name: str
    feature_id: str | None
    terms: tuple[str, ...]
    excluded: tuple[str, ...]
    subject: str
    sentences: tuple[str, ...]


THEMES = (
    Theme(
        FIXED_THEME,
        "Exports fail",
        "export",
        ("export fail*", "export timed out"),
        (),
        "Export fails again",
        (
            "The CSV export fails after two minutes.",
            "Our weekly export timed out twice today.",
            "Export failed with error 504 for the carrier report.",
        ),
    ),
    Theme(
        "slow_dashboards",
        "Dashboards are slow",
        "dashboards",
        ("slow dashboard*", "dashboard is slow", "dashboards are slow"),
        (),
        "Slow dashboards",
        ("The dashboard is slow every Monday morning.", "Slow dashboards keep our team waiting."),
    ),
    Theme(
        "eta_accuracy",
        "ETA is wrong",
        LAUNCH_FEATURE,
        ("wrong eta", "eta is off"),
        (),
        "Wrong ETA",
        (
            "The ETA is off by two days for this vessel.",
            "We see a wrong ETA on the Rotterdam lane.",
        ),
    ),
    Theme(
        "sso_login",
        "Single sign-on",
        "sso",
        ("single sign-on", "sso", "saml"),
        ("sso newsletter",),
        "SSO question",
        (
            "Can we log in with SSO on the starter plan?",
            "SAML login sends us in a circle.",
            "We need single sign-on before the audit.",
        ),
    ),
    Theme(
        "invoice_questions",
        "Invoices",
        None,
        ("invoice", "billing"),
        (),
        "Question on billing",
        ("The invoice shows the wrong number of seats.", "Who can change our billing address?"),
    ),
)
POLICIES: list[dict[str, Any]] = [
    {"policy_id": "first-reply", "name": "An answer on the same day", "metric": "first_reply",
     "target_minutes": 480, "hours": "business"},
    {"policy_id": "first-reply-urgent", "name": "Urgent: an answer in two hours",
     "metric": "first_reply", "priority": "urgent", "target_minutes": 120, "hours": "business"},
    {"policy_id": "next-reply", "name": "No second wait", "metric": "next_reply",
     "target_minutes": 960, "hours": "business"},
    {"policy_id": "resolution", "name": "Solved within five days", "metric": "resolution",
     "target_minutes": 7200, "hours": "calendar", "starts_on": date(2026, 2, 1)},
]  # fmt: skip

PLAIN_SUBJECTS = (
    ("How do I add a user?", "I would like to add a colleague to our workspace."),
    ("Container not found", "Container MSKU1234567 does not show up since this morning."),
    ("Alert arrives twice", "We get each delay alert two times."),
    ("Change of address", "Please change the address of our warehouse in Newark."),
    ("API limit", "Which request limit holds for our API key?"),
    # Names the theme's word where the theme rules it out.
    ("Too many mails", "Please take me off the SSO newsletter."),
)


@dataclass(frozen=True)
class Tool:
    """A tool that Harborline rents; price in cents a seat and month."""

    tool_id: str
    name: str
    vendor: str
    category: str
    owner: str
    app_names: tuple[str, ...]
    starts_on: date
    renews_on: date
    notice_days: int
    is_auto_renew: bool
    can_reduce_in_term: bool
    purchased: int
    price: int


TOOLS = (
    Tool(
        "figma",
        "Figma",
        "Figma, Inc.",
        "design",
        "design-ops",
        ("Figma", "Figma Inc"),
        date(2025, 8, 15),
        date(2026, 8, 15),
        30,
        True,
        False,
        60,
        4_500,
    ),
    Tool(
        "slack",
        "Slack",
        "Slack Technologies",
        "chat",
        "it",
        ("Slack",),
        date(2026, 1, 1),
        date(2027, 1, 1),
        60,
        True,
        False,
        80,
        1_250,
    ),
    Tool(
        "atlassian",
        "Atlassian Cloud",
        "Atlassian",
        "tracker",
        "it",
        ("Atlassian Cloud", "Jira", "Atlassian"),
        date(2025, 11, 1),
        date(2026, 11, 1),
        45,
        True,
        True,
        70,
        815,
    ),
)
# Paid by card, in nobody's register.
SHADOW_VENDOR = "Canva Pty Ltd"

# id, name, feature, theme, day
RELEASES: tuple[tuple[str, str, str | None, str | None, date], ...] = (
    ("r-2026-02-alerts", "Alert rules", "alerts", None, date(2026, 2, 10)),
    ("r-2026-03-export", "Export in the background", "export", FIXED_THEME, FIX_ON),
    ("r-2026-04-smart-eta", "Smart ETA", LAUNCH_FEATURE, None, LAUNCH_ON),
    ("r-2026-05-onboarding", "New first day", None, None, date(2026, 5, 4)),
)

# What one unit was worth in USD from the first of each month of 2026 on.
EXCHANGE_RATES = {
    code: tuple((date(2026, month, 1), rate) for month, rate in enumerate(rates, start=1))
    for code, rates in {
        "EUR": ("1.08", "1.10", "1.09", "1.12", "1.11", "1.13"),
        "GBP": ("1.27", "1.29", "1.28", "1.31", "1.30", "1.33"),
    }.items()
}
