"""Expected numbers of support, feedback themes and the survey.

Belongs here: counting over the simulated tickets, notes and responses. Does not belong here:
anything about use or tools.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from demo import catalog
from demo.company import AS_OF, ORG_ZONE, week_of
from demo.desk import Ticket, business_seconds, public_replies, reopens
from demo.survey import Response, group_of

_ZONE = ZoneInfo(ORG_ZONE)
_BACKLOG_DAYS = (date(2026, 2, 15), date(2026, 3, 31), date(2026, 5, 20))
_UNSOLVED = ("new", "open", "pending", "hold")


def _weekly(days: list[date]) -> dict[str, int]:
    return {week.isoformat(): n for week, n in sorted(Counter(week_of(d) for d in days).items())}


def theme_truth(tickets: list[Ticket], notes: list[tuple[str | None, datetime, dict[str, Any]]],
                responses: list[Response]) -> dict[str, Any]:  # fmt: skip
    """Mentions per theme and week, and the theme that falls after its fix."""
    themes = {}
    for theme in catalog.THEMES:
        mine = [t for t in tickets if t.theme_id == theme.theme_id]
        written = [at for theme_id, at, _ in notes if theme_id == theme.theme_id]
        answered = [r.at for r in responses if r.theme_id == theme.theme_id]
        themes[theme.theme_id] = {
            "tickets": _weekly([t.created_at.date() for t in mine]),
            "notes": _weekly([at.date() for at in written]),
            "survey_answers": _weekly([at.date() for at in answered]),
        }
    weekly = themes[catalog.FIXED_THEME]["tickets"]
    fixed = week_of(catalog.FIX_ON).isoformat()
    before = [n for week, n in weekly.items() if week < fixed]
    weeks_after = (week_of(AS_OF.date()) - week_of(catalog.FIX_ON)).days // 7 - 1
    after = sum(n for week, n in weekly.items() if fixed < week < week_of(AS_OF.date()).isoformat())
    return {
        "themes": {
            "definition": "Items in which customers name a theme, per ISO week (Monday) of their "
            "creation: tickets "
            "(each once, whatever the number of messages; none of them deleted, merged or from "
            "employees), HubSpot "
            "notes, answers to the survey. Hours are chosen so that the week is the same in every "
            "time zone.",
            "by_theme": themes,
        },
        "fixed_theme": {
            "theme_id": catalog.FIXED_THEME,
            "release_id": "r-2026-03-export",
            "fixed_on": catalog.FIX_ON.isoformat(),
            "definition": "Mean of weekly ticket mentions over whole ISO weeks before and after "
            "the week of the fix.",
            "weekly_ticket_mentions": weekly,
            "mean_before": round(sum(before) / len(before), 4),
            "mean_after": round(after / weeks_after, 4),
        },
    }


def _first_replies(tickets: list[Ticket]) -> dict[str, Any]:
    replied = [(t, public_replies(t)[0].at) for t in tickets if public_replies(t)]
    calendar = [(at - t.created_at).total_seconds() for t, at in replied]
    business = [business_seconds(t.created_at, at) for t, at in replied]
    return {
        "definition": "First public message of a human agent less creation, over countable tickets "
        "that have one: "
        "medians in seconds by the calendar and in business hours (Mon-Fri 9-17 New York, without "
        "holidays).",
        "ticket_count": len(replied),
        "p50_seconds": median(calendar),
        "business_p50_seconds": median(business),
        "pending_count": len(tickets) - len(replied),
    }


def _promises(tickets: list[Ticket]) -> dict[str, Any]:
    kept, broken = Counter[str](), Counter[str]()
    for policy in catalog.POLICIES:
        for ticket in tickets if policy["metric"] == "first_reply" else ():
            if policy.get("priority", ticket.priority) != ticket.priority:
                continue
            replies = public_replies(ticket)
            solved = [at for at, status in ticket.statuses if status in ("solved", "closed")]
            end = replies[0].at if replies else solved[-1] if solved else AS_OF
            if business_seconds(ticket.created_at, end) > policy["target_minutes"] * 60:
                broken[policy["policy_id"]] += 1
            elif replies:
                kept[policy["policy_id"]] += 1
    return {
        "definition": "First replies of countable tickets against the promises of "
        "registry/sla_policies.yml: achieved within the target, breached beyond it.",
        "achieved": dict(kept),
        "breached": dict(broken),
    }


def support_truth(tickets: list[Ticket]) -> dict[str, Any]:
    """Counts of tickets by what became of them."""
    good = [t for t in tickets if t.is_countable]
    solved = [t for t in good if t.status_at(AS_OF) in ("solved", "closed")]
    scores = Counter(t.scores[-1][1] for t in good if t.scores)
    backlog = {}
    for day in _BACKLOG_DAYS:
        end = datetime.combine(day + timedelta(1), time(), _ZONE)
        backlog[day.isoformat()] = sum(
            1 for t in good if t.status_at(end - timedelta(seconds=1)) in _UNSOLVED
        )
    days = [t.created_at.astimezone(_ZONE).date() for t in good]
    return {
        "definition": "countable: neither deleted nor merged away nor asked by an employee. "
        "one_touch: now solved or "
        "closed with exactly one public message of a human agent. reopened: ever went from solved "
        "to open. "
        "backlog: countable tickets unsolved at the end of the day in New York. created: per ISO "
        "week in New York. "
        "csat: last rating of countable tickets.",
        "ticket_count": len(tickets),
        "countable_count": len(good),
        "deleted_count": sum(1 for t in tickets if t.deleted_at),
        "merged_count": sum(1 for t in tickets if t.merged_into),
        "merged": {str(t.ticket_id): t.merged_into for t in tickets if t.merged_into},
        "internal_count": sum(
            1 for t in tickets if t.is_internal and not t.deleted_at and not t.merged_into
        ),
        "unmatched_requester_ticket_count": sum(1 for t in good if t.is_unmatched),
        "created_by_week": _weekly(days),
        "solved_count": len(solved),
        "one_touch_count": sum(1 for t in solved if len(public_replies(t)) == 1),
        "reopened_count": sum(1 for t in good if reopens(t)),
        "backlog": backlog,
        "csat": {"good": scores["good"], "bad": scores["bad"], "offered_only": scores["offered"]},
        "first_reply": _first_replies(good),
        "promises": _promises(good),
    }


def survey_truth(responses: list[Response]) -> dict[str, Any]:
    """Parts of the score over finished, real responses."""
    groups = Counter(
        group_of(r.score) for r in responses if r.score is not None and not r.is_preview
    )
    return {
        "survey_id": "Customer NPS",
        "definition": "Finished responses that are no previews, by group of the score (0-6, 7-8, "
        "9-10).",
        "promoters": groups["Promoter"],
        "passives": groups["Passive"],
        "detractors": groups["Detractor"],
        "unfinished": sum(1 for r in responses if r.score is None),
        "previews": sum(1 for r in responses if r.is_preview),
        "response_count": len(responses),
    }
