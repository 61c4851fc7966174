"""What the voice marts should say, computed row by row in plain Python.

Belongs here: the definitions, written a second time without SQL or regular expressions. Does not
belong here: rows (`voice_world`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from .voice_money import in_own_money
from .voice_words import mentions
from .voice_world import ACCOUNTS, AS_OF, EXCLUSIONS, ORG_ZONE, PEOPLE, TERMS, ZONES, Rows

UTC = ZoneInfo("UTC")
DAY = dt.timedelta(days=1)
PARENT = {ref: parent for ref, parent, *_ in ACCOUNTS}
Row = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """One thing that was said."""

    item_id: str
    kind: str
    at: dt.datetime
    on: dt.date
    account: str
    text: str
    reason: str | None
    lost: int

    @property
    def week(self) -> dt.date:
        return self.on - DAY * self.on.weekday()

    @property
    def parent(self) -> str:
        return top(self.account)


def top(account: str) -> str:
    """Topmost parent of an account."""
    ref = account.removeprefix("g")
    while PARENT.get(ref):
        ref = PARENT[ref]
    return account if account == "unknown" else f"g{ref}"


def latest(rows: list[Row], key: str, clock: str) -> dict[str, Row]:
    return {r[key]: r for r in sorted(rows, key=lambda r: r[clock])}


class VoiceOracle:
    """All items, and the numbers per theme and week."""

    def __init__(self, rows: Rows, currency: str = "USD") -> None:
        self.rows, self.currency = rows, currency
        self.deals = self._deal_versions()
        self.items = [*self._tickets(), *self._notes(), *self._answers(), *self._losses()]
        self.items += self._interviews()

    def _item(self, kind: str, ref: str, at: dt.datetime, account: str | None, person: int | None,
              text: str | None, void: str | None, lost: int = 0,
                  on: dt.date | None = None) -> list[Item]:  # fmt: skip
        if text is None or not text.strip(" "):
            return []
        known = account or (f"g{person}" if person and person < 8 else "unknown")
        zone = ZONES.get(known.removeprefix("g"), ORG_ZONE)
        on = on or at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()
        reason = void or ("in the future" if at > AS_OF else None)
        reasons = [
            rule["reason"] for rule in EXCLUSIONS
            if rule["subject"] == known or (rule["subject"] == "own.test" and person == 9)
            if rule.get("valid_from", on) <= on < rule.get("valid_to", dt.date.max)
        ]  # fmt: skip
        return [
            Item(
                f"{kind}:{ref}",
                kind,
                at,
                on,
                known,
                text,
                reason or min(reasons, default=None),
                lost,
            )
        ]

    def _tickets(self) -> list[Item]:
        made = []
        for ticket in latest(self.rows["tickets", "zendesk"], "ticket_id", "version_at").values():
            asks = ticket["requester_ref"]
            said = [
                m for m in self.rows["ticket_messages", "zendesk"]
                if m["ticket_id"] == ticket["ticket_id"]
                and m["is_public"] and m["channel"] != "rule"
                and (m["author_ref"] in (None, asks, "agent") or asks is None)
            ]  # fmt: skip
            first = min(
                said, key=lambda m: (m["created_at"], m["message_id"]), default={"body": None}
            )["body"]
            text = "\n".join(part for part in (ticket["subject"], first) if part is not None)
            void = (
                "deleted"
                if ticket["status"] == "deleted"
                else "merged"
                if ticket.get("merged_into_id")
                else None
            )
            person = int(asks[1:]) if asks and int(asks[1:]) <= len(PEOPLE) else None
            account = f"g{ticket['account_ref']}" if ticket["account_ref"] in PARENT else None
            made += self._item(
                "ticket",
                f"zendesk:{ticket['ticket_id']}",
                ticket["created_at"],
                account,
                person,
                text,
                void,
            )
        return made

    def _notes(self) -> list[Item]:
        now = latest(self.rows["opportunities", "hubspot"], "opportunity_id", "updated_at")
        made = []
        for note in self.rows["feedback_notes", "hubspot"]:
            ref = note["account_ref"] or now.get(note["opportunity_id"], {}).get("account_ref")
            at, ref_id = note["occurred_at"], f"hubspot:{note['note_id']}"
            made += self._item(
                note["note_type"], ref_id, at, self._sold_to(ref), None, note["body"], None
            )
        return made

    def _interviews(self) -> list[Item]:
        """Notes of the company's own: accounts by the product's ids, people from the session."""
        held = latest(self.rows.get(("research_sessions", "notes"), []), "session_id", "updated_at")
        made = []
        for note in self.rows.get(("feedback_notes", "notes"), []):
            key = held.get(note["note_id"], {}).get("email_key")
            person = int(key[1:]) if key and int(key[1:]) <= len(PEOPLE) else None
            ref = (note["account_ref"] or "").removeprefix("g")
            account = f"g{ref}" if ref in PARENT else None
            at, ref_id = note["occurred_at"], f"notes:{note['note_id']}"
            made += self._item("interview", ref_id, at, account, person, note["body"], None)
        return made

    def _answers(self) -> list[Item]:
        made = []
        for row in self.rows["survey_responses", "qualtrics"]:
            if row["answer_number"] is not None:
                continue
            who = row["user_id"] or row["email_key"]
            person = int(who[1:]) if who and int(who[1:]) <= len(PEOPLE) else None
            ref = f"qualtrics:s:{row['response_id']}:q"
            void = "test" if row["is_test"] else None
            made += self._item(
                "survey_answer", ref, row["submitted_at"], None, person, row["answer_text"], void
            )
        return made

    def _losses(self) -> list[Item]:
        made = []
        for deal, versions in self.deals.items():
            lost_at = None
            for version in versions:
                is_lost = version["is_closed"] and not version["is_won"]
                lost_at = (lost_at or version["updated_at"]) if is_lost else None
            now = versions[-1]
            if lost_at is None:
                continue
            on = min(lost_at.date(), now["closes_on"] or dt.date.max)
            amount = in_own_money(now["amount_minor"], now["currency"], self.currency)
            void = "deleted" if now["is_deleted"] else None
            made += self._item("loss_reason", f"hubspot:{deal}", lost_at,
                self._sold_to(now["account_ref"]), None,
                               now["loss_reason"], void, amount or 0, on)  # fmt: skip
        return made

    def _sold_to(self, ref: str | None) -> str | None:
        return f"g{ref[1:]}" if ref and ref[1:] in PARENT else None

    def _deal_versions(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in sorted(self.rows["opportunities", "hubspot"], key=lambda r: r["updated_at"]):
            found.setdefault(row["opportunity_id"], []).append(row)
        return found

    def revenue(self, parent: str, on: dt.date) -> tuple[int | None, bool]:
        """Revenue of a family of accounts on a day; whether some of it has no rate."""
        total, is_unrated = None, False
        for ref, _, versions, churned in ACCOUNTS:
            if top(f"g{ref}") != parent:
                continue
            past = [v for v in versions if v[0] <= on.isoformat()] or versions[:1]
            _, plan, arr, currency = past[-1]
            if plan.lower() in ("free", "trial", "services") or (
                churned and on.isoformat() >= churned
            ):
                arr = 0
            worth = in_own_money(arr, currency, self.currency)
            if worth is not None:
                total = (total or 0) + worth
            else:
                is_unrated |= bool(arr)
        return total, is_unrated

    def pipeline(self, parent: str, end: dt.datetime) -> int:
        """Amount times chance of the deals that are open at a moment."""
        total = 0
        for versions in self.deals.values():
            past = [v for v in versions if v["updated_at"] < end]
            if not past and versions[0]["created_at"] < end:
                past = versions[:1]
            if not past or past[-1]["is_closed"] or past[-1].get("is_deleted"):
                continue
            now = past[-1]
            account = self._sold_to(now["account_ref"])
            if account and top(account) == parent:
                hoped = (now["amount_minor"] or 0) * (now["probability"] or 0)
                total += in_own_money(hoped, now["currency"], self.currency) or 0
        return total

    def theme_weeks(self) -> dict[tuple[str, dt.date], Row]:
        """The mart, by theme and week."""
        said = [
            (item, theme, span)
            for item in self.items
            for theme, span in mentions(item.text).items()
        ]
        good = [i for i in self.items if i.reason is None]
        week, last = min(i.week for i in good), max(max(i.on for i in good), self.reach()[1].date())
        made = {}
        while week <= last:
            for theme in {t for t, *_ in TERMS}:
                here = [(i, s) for i, t, s in said if t == theme and i.week == week]
                made[theme, week] = self._cell(week, here)
            week += 7 * DAY
        return made

    def _cell(self, week: dt.date, here: list[tuple[Item, tuple[int, int, str, int]]]) -> Row:
        good = [(i, s) for i, s in here if i.reason is None]
        known = {i.parent for i, _ in good if i.account != "unknown"}
        worth = {p: self.revenue(p, week + 6 * DAY) for p in known}
        amounts = [a for a, _ in worth.values() if a is not None]
        arr = sum(amounts) if amounts else None if known else 0
        end = dt.datetime.combine(week + 7 * DAY, dt.time())
        first = min(
            good, key=lambda g: (g[0].account == "unknown", g[0].at, g[0].item_id), default=None
        )
        over = dt.datetime.combine(week + 6 * DAY, dt.time()) + dt.timedelta(hours=36)
        reach = self.reach()[0]
        return {
            "mention_count": len(good),
            "ticket_mention_count": sum(i.kind == "ticket" for i, _ in good),
            "survey_mention_count": sum(i.kind == "survey_answer" for i, _ in good),
            "loss_mention_count": sum(i.kind == "loss_reason" for i, _ in good),
            "account_count": len(known),
            "unmatched_mention_count": sum(i.account == "unknown" for i, _ in good),
            "excluded_mention_count": len(here) - len(good),
            "demand_arr_minor": arr,
            "open_pipeline_minor": sum(self.pipeline(p, end) for p in known),
            "lost_pipeline_minor": sum(i.lost for i, _ in good),
            "currency": self.currency,
            "unrated_account_count": sum(unrated for _, unrated in worth.values()),
            "top1_num": max(amounts, default=None),
            "top1_den": arr if amounts else None,
            "top1_rate": max(amounts) / arr if amounts and arr else None,
            "hhi_rate": round(sum((a / arr) ** 2 for a in amounts), 9) if amounts and arr else None,
            "example_item_id": first[0].item_id if first else None,
            "example_evidence": first[0].text[first[1][0] : first[1][1]] if first else None,
            "is_complete": reach >= over,
            "data_through_at": min(reach, over),
        }

    def reach(self) -> tuple[dt.datetime, dt.datetime]:
        """How far the sources go: the first that ends, and the last."""
        clocks = {
            "tickets": "version_at", "feedback_notes": "updated_at",
            "survey_responses": "submitted_at",
            "opportunities": "updated_at",
        }  # fmt: skip
        found: dict[str, list[dt.datetime]] = {}
        for (c, _), rows in self.rows.items():
            if c in clocks:
                found.setdefault(c, []).extend(r[clocks[c]] for r in rows)
        ends = [min(max(moments), AS_OF) for moments in found.values()]
        return min(ends), max(ends)
