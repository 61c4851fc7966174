"""truth.json against the written files, counted here by other code from the files alone."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.unit.demo.conftest import Calls

VALUE = {
    "Shipment Tracked", "Booking Created", "Report Viewed", "Report Exported", "Dashboard Viewed",
    "Alert Acknowledged", "Legacy Map Opened", "ETA Forecast Viewed", "Shared Report Viewed",
}  # fmt: skip
PersonDays = set[tuple[str, date, str, str]]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def pages(company: Path, pattern: str) -> list[dict[str, Any]]:
    return [json.loads(p.read_text()) for p in sorted((company / "drop").glob(pattern))]


@pytest.fixture(scope="module")
def companies(company: Path) -> dict[str, dict[str, Any]]:
    found = [
        c["properties"] for p in pages(company, "hubspot/companies_*.json") for c in p["results"]
    ]
    return {c["product_account_id"]: c for c in found if c["product_account_id"]}


def moment(call: dict[str, Any]) -> datetime:
    """When it happened; the time of receipt where the clock is ahead."""
    received, happened = at(call["receivedAt"]), at(call["timestamp"])
    return received if happened - received > timedelta(minutes=10) else happened


@pytest.fixture(scope="module")
def person_days(
    raw: tuple[Calls, Counter[str]], companies: dict[str, dict[str, Any]]
) -> PersonDays:
    """Person, local date, event, account of everything that counts."""
    calls = raw[0].values()
    users: dict[str, set[str]] = defaultdict(set)
    signed: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    mail, group = dict[str, str](), dict[str, str]()
    for call in calls:
        if user := call["userId"]:
            device = call["previousId"] if call["type"] == "alias" else call["anonymousId"]
            users[device].add(user)
            signed[device].append((moment(call), user))
            if call["type"] == "identify":
                mail[user] = call["traits"]["email"]
            if call["type"] == "group":
                group[user] = call["groupId"]
    first = {address: min(u for u in mail if mail[u] == address) for address in set(mail.values())}
    same = {u: first[address] for u, address in mail.items()}
    found: PersonDays = set()
    for call in calls:
        context = call["context"]
        agent = context["userAgent"].lower()
        if call.get("event") not in VALUE or context.get("active") is False:
            continue
        if any(word in agent for word in ("googlebot", "headlesschrome", "pingdom")):
            continue
        owners = users[call["anonymousId"]]
        user = call["userId"] or (next(iter(owners)) if len(owners) == 1 else None)
        if not user and owners:  # of several people: theirs who sign in within half an hour
            waits = [(t - moment(call), u) for t, u in signed[call["anonymousId"]]]
            near = [wait for wait in waits if timedelta() <= wait[0] < timedelta(minutes=30)]
            user = min(near)[1] if near else None
        if user and (mail[user].endswith("@harborline.test") or group[user] == "acc_sandbox"):
            continue
        happened = moment(call)
        zone = companies.get(group[user], {}).get("hs_timezone") if user else None
        day = happened.astimezone(ZoneInfo(zone or "America/New_York")).date()
        person = same[user] if user else call["anonymousId"]
        found.add((person, day, call["event"], group[user] if user else "unknown"))
    return found


def test_lines_repeats_and_broken_lines(
    raw: tuple[Calls, Counter[str]], truth: dict[str, Any]
) -> None:
    calls, counts = raw
    told = truth["segment"]
    rows_in = truth["ledger"]["rows"]["segment"]["usage_events"]["rows_in"]
    assert counts["lines"] == told["lines"] == rows_in
    assert counts["exact"] == told["exact_duplicates"] > 20
    assert counts["retries"] == told["retries"] > 100
    assert counts["bad"] == sum(told["quarantined"].values()) == 9
    assert len(calls) == told["unique_events"]
    assert 60_000 <= len(calls) <= 90_000


def test_late_and_skewed_events(raw: tuple[Calls, Counter[str]], truth: dict[str, Any]) -> None:
    gaps = [at(c["receivedAt"]) - at(c["timestamp"]) for c in raw[0].values()]
    assert sum(g > timedelta(hours=24) for g in gaps) == truth["segment"]["late_events"]
    assert sum(g > timedelta(days=39) for g in gaps) == truth["segment"]["late_40_days"] == 12
    assert sum(-g > timedelta(minutes=10) for g in gaps) == truth["segment"]["clock_skewed"] > 20


def test_active_people(person_days: PersonDays, truth: dict[str, Any]) -> None:
    days = {(person, day) for person, day, _, _ in person_days}
    assert len(days) == truth["active_people"]["person_day_count"]
    for text, told in truth["active_people"]["days"].items():
        day = date.fromisoformat(text)
        for name, width in (("dau", 1), ("wau", 7), ("mau28", 28), ("mau30", 30)):
            people = {p for p, d in days if day - timedelta(width) < d <= day}
            assert (text, name, len(people)) == (text, name, told[name])


def test_launch_moves_adoption(person_days: PersonDays, truth: dict[str, Any]) -> None:
    weeks = truth["launch"]["weeks"]
    for week in weeks:
        first = date.fromisoformat(week["week_on"])
        uses = {(p, a) for p, d, e, a in person_days
                if e == "ETA Forecast Viewed" and first <= d < first + timedelta(7)}  # fmt: skip
        assert len({p for p, _ in uses}) == week["people"]
        assert len({a for _, a in uses}) == week["accounts"]
    assert weeks[0]["people"] == 0 < weeks[0]["excluded_people"]
    assert weeks[6]["people_of_entitled"] / weeks[6]["entitled_active_people"] > 0.25


def test_churned_account_fades_and_ends(
    person_days: PersonDays, companies: dict[str, dict[str, Any]], truth: dict[str, Any]
) -> None:
    churn = truth["churn"]
    assert companies[churn["account_id"]]["churn_date"] == churn["churned_on"]
    weeks: dict[str, set[str]] = {week: set() for week in churn["weekly_active_people"]}
    for person, day, _, account in person_days:
        if account == churn["account_id"]:
            weeks[(day - timedelta(day.weekday())).isoformat()].add(person)
    assert {week: len(people) for week, people in weeks.items()} == churn["weekly_active_people"]
    assert len(weeks["2026-02-02"]) > 3 * len(weeks["2026-05-18"])
    assert not weeks["2026-06-08"]


def test_experiment_and_identity(raw: tuple[Calls, Counter[str]], truth: dict[str, Any]) -> None:
    arms: dict[str, set[str]] = defaultdict(set)
    mail = {c["userId"]: c["traits"]["email"] for c in raw[0].values() if c["type"] == "identify"}
    group = {c["userId"]: c["groupId"] for c in raw[0].values() if c["type"] == "group"}
    for call in raw[0].values():
        user = call["userId"]
        if call.get("event") != "Experiment Viewed":
            continue
        if not mail[user].endswith("harborline.test") and group[user] != "acc_sandbox":
            arms[mail[user]].add(call["properties"]["variation_id"])
    told = truth["experiment"]
    assert Counter(next(iter(a)) for a in arms.values() if len(a) == 1) == told["people"]
    assert sum(len(a) == 2 for a in arms.values()) == told["crossover_people"] == 3
    twice = [address for address, n in Counter(mail.values()).items() if n > 1]
    assert len(twice) == len(truth["identity"]["merged_users"]) == 1


def newest_tickets(company: Path) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for page in pages(company, "zendesk/incremental_tickets_*.json"):
        for ticket in page["tickets"]:
            if (
                ticket["generated_timestamp"]
                >= found.get(ticket["id"], ticket)["generated_timestamp"]
            ):
                found[ticket["id"]] = ticket
    return found


def test_themes_stand_where_they_were_planted_and_nowhere_else(
    company: Path, truth: dict[str, Any]
) -> None:
    words = {
        "export_fails": r"\bexport fail\w*|\bexport timed out\b",
        "slow_dashboards": r"\bslow dashboard\w*|\bdashboard is slow\b|\bdashboards are slow\b",
        "eta_accuracy": r"\bwrong eta\b|\beta is off\b",
        "sso_login": r"\bsingle sign-on\b|\bsso\b|\bsaml\b",
        "invoice_questions": r"\binvoice\b|\bbilling\b",
    }
    texts: dict[int, str] = defaultdict(str)
    for page in pages(company, "zendesk/ticket_events_*.json"):
        for audit in page["ticket_events"]:
            for child in audit["child_events"]:
                texts[audit["ticket_id"]] += (
                    f" {child.get('subject', '')} {child.get('body', '')}".lower()
                )
    tickets = newest_tickets(company)
    assert set(texts) == set(tickets)
    for theme, pattern in words.items():
        weeks: Counter[str] = Counter()
        for number, text in texts.items():
            if re.search(pattern, text) and "sso newsletter" not in text:
                day = at(tickets[number]["created_at"]).date()
                weeks[(day - timedelta(day.weekday())).isoformat()] += 1
        assert weeks == truth["themes"]["by_theme"][theme]["tickets"]
    fixed = truth["fixed_theme"]
    assert fixed["mean_before"] > 5 * fixed["mean_after"]


def test_tickets_by_what_became_of_them(company: Path, truth: dict[str, Any]) -> None:
    tickets, told = newest_tickets(company), truth["support"]
    assert len(tickets) == told["ticket_count"]
    assert sum(t["status"] == "deleted" for t in tickets.values()) == told["deleted_count"] == 4
    merged = {str(n) for n, t in tickets.items() if "closed_by_merge" in t["tags"]}
    assert merged == set(told["merged"])
    mails = {
        u["id"]: u["email"]
        for p in pages(company, "zendesk/incremental_tickets_*.json")
        for u in p["users"]
    }
    good = [
        t for n, t in tickets.items()
        if t["status"] != "deleted" and str(n) not in merged
        and not mails[t["requester_id"]].endswith("@harborline.test")
    ]  # fmt: skip
    assert len(good) == told["countable_count"]
    assert sum(t["status"] in ("solved", "closed") for t in good) == told["solved_count"]
    assert Counter(t["satisfaction_rating"]["score"] for t in good)["good"] == told["csat"]["good"]
    metrics = {
        m["ticket_id"]: m
        for p in pages(company, "zendesk/incremental_tickets_*.json")
        for m in p["metric_sets"]
    }
    minutes = sorted(
        m["reply_time_in_minutes"]["calendar"] for t in good
        if (m := metrics[t["id"]])["reply_time_in_minutes"]["calendar"] is not None
    )  # fmt: skip
    assert len(minutes) == told["first_reply"]["ticket_count"]
    assert abs(minutes[len(minutes) // 2] - told["first_reply"]["p50_seconds"] / 60) < 5


def test_idle_seats_and_the_near_renewal(company: Path, truth: dict[str, Any]) -> None:
    last = date.fromisoformat(truth["tools"]["snapshot_on"])
    with (company / f"drop/figma/Harborline_members_{last}.csv").open(newline="") as handle:
        seen = [row["Last Seen"] for row in csv.DictReader(handle)]
    figma = truth["tools"]["by_tool"]["figma"]
    idle = [s for s in seen if s == "Never" or last - date.fromisoformat(s) >= timedelta(90)]
    used = [s for s in seen if s != "Never" and last - date.fromisoformat(s) < timedelta(28)]
    assert (len(seen), len(idle), len(used)) == (
        figma["assigned_seats"], figma["idle90_seats"], figma["active28_seats"],
    )  # fmt: skip
    assert (
        truth["tools"]["renewal"]["days_to_notice"] == (date(2026, 7, 16) - date(2026, 6, 30)).days
    )
    with (company / "drop/invoices/invoices_2026-03.csv").open(newline="") as handle:
        march = {
            r["Vendor"]: r["Amount"]
            for r in csv.DictReader(handle)
            if r["Invoice Date"] > "2026-03"
        }
    assert march["Figma, Inc."] == f"{figma['invoiced_month_minor'] / 100:,.2f}"


def test_nothing_happens_after_the_frozen_clock(
    raw: tuple[Calls, Counter[str]], company: Path
) -> None:
    now = datetime(2026, 6, 30, 12, tzinfo=UTC)
    assert max(at(c["receivedAt"]) for c in raw[0].values()) < now
    for page in pages(company, "zendesk/ticket_events_*.json"):
        assert all(a["timestamp"] < now.timestamp() for a in page["ticket_events"])
    for page in pages(company, "hubspot/*.json"):
        assert all(at(entry["updatedAt"]) < now for entry in page["results"])
