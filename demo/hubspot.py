"""HubSpot's CRM object pages: companies with their history, contacts, deals, notes in HTML.

Belongs here: what sales knows and how HubSpot writes it. Does not belong here: what the accounts
really did.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from demo import catalog
from demo.company import (
    AS_OF,
    ENDS_ON,
    STARTS_ON,
    Account,
    AccountState,
    iso,
    moment,
    source_of_chance,
)
from demo.files import Delivery
from demo.people import Person

_PAGE = 100
_Versions = list[tuple[datetime, dict[str, Any]]]


def _object(number: str, properties: dict[str, Any], created: datetime, updated: datetime,
            **more: Any) -> dict[str, Any]:  # fmt: skip
    return {"id": number, "properties": properties, "createdAt": iso(created, millis=True),
            "updatedAt": iso(updated, millis=True), "archived": False} | more  # fmt: skip


def _associations(**ids: str | None) -> dict[str, Any]:
    return {
        name: {"results": [{"id": number, "type": f"to_{name}"}]}
        for name, number in ids.items() if number
    }  # fmt: skip


def _company(account: Account, hubspot_id: str, state: AccountState) -> dict[str, Any]:
    is_paid = state.plan in ("starter", "pro", "enterprise") and state.lifecycle == "customer"
    properties = {
        "name": account.name,
        "domain": account.domain,
        "lifecyclestage": state.lifecycle,
        "product_account_id": account.account_id,
        "plan_tier": state.plan.capitalize(),
        "arr": f"{state.arr_minor / 100:.2f}" if is_paid or state.lifecycle == "churned" else None,
        "currency": "USD",
        "seats": str(state.seats),
        "hs_timezone": account.time_zone,
        "hubspot_owner_id": account.owner_id,
        "industry": account.industry,
        "hs_parent_company_id": account.parent_id,
        "churn_date": account.churned_on.isoformat()
        if state.lifecycle == "churned" and account.churned_on
        else None,
        "createdate": iso(account.created_at, millis=True),
        "hs_lastmodifieddate": iso(state.since, millis=True),
        "hs_object_id": hubspot_id,
    }
    return _object(hubspot_id, properties, account.created_at, state.since)


def _prospect(chance: random.Random, number: int) -> tuple[datetime, dict[str, Any]]:
    created = moment(STARTS_ON + timedelta(chance.randrange(150)), 17, number % 60)
    name = f"Prospect Marine {number}"
    properties = {
        "name": name,
        "domain": f"prospect-marine-{number}.example",
        "lifecyclestage": "opportunity",
        "product_account_id": None,
        "plan_tier": None,
        "arr": None,
        "currency": None,
        "seats": None,
        "hs_timezone": "America/New_York",
        "hubspot_owner_id": "71000001",
        "industry": "MARITIME",
        "hs_parent_company_id": None,
        "churn_date": None,
        "createdate": iso(created, millis=True),
        "hs_lastmodifieddate": iso(created, millis=True),
        "hs_object_id": str(21_900_000_000 + number),
    }
    return created, _object(str(21_900_000_000 + number), properties, created, created)


def _contacts(
    chance: random.Random, people: list[Person], accounts: dict[str, Account]
) -> _Versions:
    made: _Versions = []
    for number, person in enumerate(people):
        account = accounts.get(person.account_id)
        if (
            account is None
            or account.hubspot_id is None
            or chance.random() > 0.35
            or person.twin_of
        ):
            continue
        created = moment(max(person.joined_on, STARTS_ON), 18, number % 60)
        first, last = person.name.split(" ", 1)
        properties = {
            "email": person.email, "firstname": first, "lastname": last,
            "associatedcompanyid": account.hubspot_id, "createdate": iso(created, millis=True),
            "lastmodifieddate": iso(created, millis=True), "hs_object_id": str(51_000 + number),
        }  # fmt: skip
        made.append((created, _object(str(51_000 + number), properties, created, created)))
    return made


def _deal(number: int, company: str, amount: int, at: datetime, created: datetime, closes: date,
          outcome: str) -> tuple[datetime, dict[str, Any]]:  # fmt: skip
    stage, chance_of_winning = {"open": ("contractsent", "0.6"), "won": ("closedwon", "1.0"),
                                "lost": ("closedlost", "0.0")}[outcome]  # fmt: skip
    properties = {
        "dealname": f"Harborline for {company}",
        "dealstage": stage,
        "pipeline": "default",
        "amount": f"{amount / 100:.2f}",
        "deal_currency_code": "USD",
        "hs_deal_stage_probability": chance_of_winning,
        "hubspot_owner_id": "71000001",
        "hs_is_closed": str(outcome != "open").lower(),
        "hs_is_closed_won": str(outcome == "won").lower(),
        "closed_lost_reason": "No single sign-on" if outcome == "lost" else None,
        "closedate": f"{closes.isoformat()}T00:00:00Z",
        "createdate": iso(created, millis=True),
        "hs_lastmodifieddate": iso(at, millis=True),
        "hs_object_id": str(90_500 + number),
    }
    return at, _object(str(90_500 + number), properties, created, at,
                       associations=_associations(companies=company))  # fmt: skip


def _deals(chance: random.Random, companies: list[str]) -> _Versions:
    """Deals as they were opened and, for most, as they were won or lost."""
    made: _Versions = []
    for number, company in enumerate(chance.choices(companies, k=30 + len(companies))):
        created = moment(STARTS_ON + timedelta(chance.randrange(165)), 16, chance.randrange(60))
        amount = chance.randint(30, 900) * 10_000
        ends = created + timedelta(days=chance.randint(15, 70), minutes=7)
        made.append(_deal(number, company, amount, created, created, ends.date(), "open"))
        if ends < AS_OF:
            outcome = "won" if chance.random() < 0.45 else "lost"
            made.append(_deal(number, company, amount, ends, created, ends.date(), outcome))
    return made


def make_notes(
    seed: int, accounts: list[Account]
) -> list[tuple[str | None, datetime, dict[str, Any]]]:
    """Notes of sales calls with the theme that each mentions, if any."""
    chance = source_of_chance(seed, "notes")
    known = [a for a in accounts if a.hubspot_id and not a.churned_on]
    themes = [
        t
        for t in catalog.THEMES
        if t.theme_id in ("sso_login", "slow_dashboards", "invoice_questions")
    ]
    made = []
    for number in range(3 * len(accounts)):
        theme = chance.choice(themes) if chance.random() < 0.4 else None
        day = STARTS_ON + timedelta(
            7 * chance.randrange((ENDS_ON - STARTS_ON).days // 7) + chance.randint(1, 3)
        )
        at, account = (
            moment(day, chance.randint(14, 20), chance.randrange(60)),
            chance.choice(known),
        )
        said = (
            chance.choice(theme.sentences)
            if theme
            else "They are happy with tracking &amp; bookings."
        )
        body = (
            '<div style="" dir="auto" data-top-level="true"><p style="margin:0;">'
            f"Call with {account.name}.<br>{said}</p><p>Next&nbsp;step: send the offer.</p></div>"
        )
        properties = {
            "hs_note_body": body,
            "hs_timestamp": iso(at, millis=True),
            "hubspot_owner_id": account.owner_id,
            "hs_createdate": iso(at, millis=True),
            "hs_lastmodifieddate": iso(at, millis=True),
            "hs_object_id": str(77_000 + number),
        }
        note = _object(
            str(77_000 + number),
            properties,
            at,
            at,
            associations=_associations(companies=account.hubspot_id),
        )
        made.append((theme.theme_id if theme else None, at, note))
    return made


def _write(delivery: Delivery, name: str, contract: str, versions: _Versions, since: datetime,
           at: datetime, changed: Callable[[dict[str, Any]], str]) -> None:  # fmt: skip
    """Pages of what changed since the last export, each object as it is now."""
    newest: dict[str, tuple[datetime, dict[str, Any]]] = {}
    for when, entry in sorted(versions, key=lambda v: (v[0], v[1]["id"])):
        if when < at:
            newest[entry["id"]] = (when, entry)
    due = [entry for when, entry in newest.values() if when >= since]
    for number, start in enumerate(range(0, len(due), _PAGE), start=1):
        page: dict[str, Any] = {"results": due[start : start + _PAGE]}
        if start + _PAGE < len(due):
            after = str(start + _PAGE)
            link = f"https://api.hubapi.test/crm/v3/objects/{name}?after={after}"
            page["paging"] = {"next": {"after": after, "link": link}}
        path = f"drop/hubspot/{name}_{at:%Y-%m-%d}_page_{number}.json"
        delivery.json(f"hubspot_{name}", path, page, at)
        for entry in page["results"]:
            delivery.row(f"hubspot_{name}", contract, entry["id"], changed(entry))


def write_hubspot(delivery: Delivery, seed: int, people: list[Person], accounts: list[Account],
                  notes: list[tuple[str | None, datetime, dict[str, Any]]]) -> None:  # fmt: skip
    """Writes an export at the start, one on the first day of each month, and one now."""
    chance = source_of_chance(seed, "hubspot")
    known = [a for a in accounts if a.hubspot_id]
    companies: _Versions = [
        (s.since, _company(a, a.hubspot_id, s)) for a in accounts if a.hubspot_id for s in a.states
    ]
    companies += [_prospect(chance, n) for n in range(1, 13)]
    contacts = _contacts(chance, people, {a.account_id: a for a in accounts})
    deals = _deals(chance, [a.hubspot_id for a in known if a.hubspot_id])
    since = moment(date(2020, 1, 1))
    times = [moment(STARTS_ON, 6), *(moment(date(2026, m, 1), 6) for m in range(2, 7)), AS_OF]
    for at in times:

        def updated(entry: dict[str, Any]) -> str:
            return entry["updatedAt"]

        _write(delivery, "companies", "accounts", companies, since, at, updated)
        _write(delivery, "contacts", "identities", contacts, since, at, updated)
        _write(delivery, "deals", "opportunities", deals, since, at, updated)
        _write(
            delivery, "notes", "feedback_notes", [(w, n) for _, w, n in notes], since, at, updated
        )
        since = at
