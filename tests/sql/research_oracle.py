"""Whom to ask for an interview, and how much research there was, in plain Python.

Belongs here: the definitions, written a second time without SQL. Does not belong here: rows
(`research_world`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from .research_world import MORE_PEOPLE
from .survey_oracle import is_barred, local, person_of, quarter_of
from .voice_oracle import VoiceOracle, latest, top
from .voice_words import mentions
from .voice_world import ACCOUNTS, AS_OF, PEOPLE, Rows

DAY = dt.timedelta(days=1)
TODAY = AS_OF.date()
Row = dict[str, Any]


def number_of(key: str | None) -> int | None:
    """A person's number by mailbox."""
    number = int(key[1:]) if key else None
    return number if number and (number <= len(PEOPLE) or number in MORE_PEOPLE) else None


def home(person: int | None) -> str:
    if person in MORE_PEOPLE:
        return "g1"
    return f"g{person}" if person and person < 8 else "unknown"


def state_of(consent: str | None) -> str:
    word = (consent or "").strip().lower()
    if not word:
        return "unknown"
    if word in ("contact", "research contact", "panel", "all"):
        return "contact"
    refusals = ("none", "no", "withdrawn", "refused", "revoked")
    return "refused" if word in refusals else "session only"


class ResearchOracle:
    """Sessions, contacts and candidates."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.voice = VoiceOracle(rows)
        held = latest(rows["research_sessions", "notes"], "session_id", "updated_at")
        self.sessions = [self._session(r) for r in held.values()]

        told = (rows["research_sessions", "notes"], rows["survey_deliveries", "qualtrics"])
        reaches = [min(max(r["updated_at"] for r in own), AS_OF) for own in told if own]
        self.is_current = min(reaches) >= AS_OF - 7 * DAY

    def _session(self, row: Row) -> Row:
        person, ref = number_of(row["email_key"]), row["account_ref"]
        account = ref if ref and ref[1:] in {a[0] for a in ACCOUNTS} else home(person)
        on = local(row["occurred_at"], account)
        method = (row["method"] or "interview").lower()
        return {
            "id": row["session_id"], "person": person, "account": account, "on": on,
            "at": row["occurred_at"], "method": method, "state": state_of(row["consent"]),
            "is_record": method in ("panel", "consent"), "is_held": row["occurred_at"] <= AS_OF,
            "is_barred": is_barred(person, account, on), "researcher": row["researcher_ref"],
        }  # fmt: skip

    def candidates(self) -> dict[str, Row]:
        """recruiting__person by person."""
        found = {}
        for person in [*range(1, len(PEOPLE) + 1), *MORE_PEOPLE]:
            row = self._candidate(person)
            if row["used_feature_ids"] or row["raised_theme_ids"] or row["consent_on"]:
                found[f"u{person}"] = row
        return found

    def _candidate(self, person: int) -> Row:
        uses: Counter[str] = Counter()
        for event in self.rows["usage_events", "segment"]:
            on = local(event["occurred_at"], home(person))
            barred = is_barred(person, home(person), on)
            if event["user_id"] == f"u{person}" and TODAY - 90 * DAY < on <= TODAY and not barred:
                uses[{"Exported": "export", "Mapped": "maps"}[event["event_name"]]] += 1
        used = sorted(f for f, n in uses.items() if n >= 3)
        raised: dict[str, dt.date] = {}
        for item in self.voice.items:
            if item.reason is None and item.on > TODAY - 364 * DAY and self._says(item, person):
                for theme in mentions(item.text):
                    raised[theme] = max(raised.get(theme, item.on), item.on)
        words = [s for s in self._of(person) if s["state"] != "unknown" and s["is_held"]]
        words.sort(key=lambda s: (s["at"], s["state"] == "refused"))
        contacts = [s["on"] for s in self._of(person) if not s["is_record"]]
        invitations = latest_by(self.rows["survey_deliveries", "qualtrics"])
        contacts += [
            local(sent["sent_at"], home(person))
            for sent in invitations
            if sent["delivery_status"] in ("delivered", "sent") and person_of(sent) == person
        ]
        recent = sum(on > TODAY - 90 * DAY for on in contacts)
        state = words[-1]["state"] if words else "unknown"
        reason = None
        if is_barred(person, home(person), TODAY):
            reason = "excluded"
        elif state == "unknown":
            reason = "no consent known"
        elif state != "contact":
            reason = "no consent to contact"
        elif recent:
            reason = "contacted within 90 days"
        elif not self.is_current:
            reason = "contacts not known up to now"
        return {
            "account_id": home(person), "used_feature_ids": ", ".join(used) or None,
            "used_feature_count": len(used), "raised_theme_ids": ", ".join(sorted(raised)) or None,
            "raised_theme_count": len(raised), "last_raised_on": max(raised.values(), default=None),
            "consent_state": state, "consent_on": words[-1]["on"] if words else None,
            "last_contacted_on": max(contacts, default=None), "contact90_count": recent,
            "is_eligible": reason is None, "block_reason": reason, "is_complete": self.is_current,
        }  # fmt: skip

    def _of(self, person: int) -> list[Row]:
        return [s for s in self.sessions if s["person"] == person]

    def _says(self, item: Any, person: int) -> bool:
        kind, _, ref = item.item_id.split(":", 2)
        if kind == "interview":
            return any(s["id"] == ref and s["person"] == person for s in self.sessions)
        if kind == "ticket":
            tickets = self.rows["tickets", "zendesk"]
            return latest(tickets, "ticket_id", "version_at")[ref]["requester_ref"] == f"r{person}"
        if kind == "survey_answer":
            responses = self.rows["survey_responses", "qualtrics"]
            return any(
                person_of(r) == person
                for r in responses
                if f"{r['survey_id']}:{r['response_id']}:{r['question_id']}" == ref
            )
        return False

    def quarters(self) -> dict[dt.date, Row]:
        """research_coverage__quarter by quarter."""
        held = [s for s in self.sessions if s["is_held"] and not s["is_record"]]
        releases = [r for r in self.rows["releases", "registry"] if r["theme_id"]]
        releases = [r for r in releases if r["released_on"] <= TODAY]
        days = [s["on"] for s in held] + [r["released_on"] for r in releases]
        quarter, made = quarter_of(min(days)), {}
        while quarter <= max(days):
            made[quarter] = self._quarter(
                [s for s in held if quarter_of(s["on"]) == quarter],
                [r for r in releases if quarter_of(r["released_on"]) == quarter],
            )
            quarter = quarter_of(quarter + 100 * DAY)
        return made

    def _quarter(self, held: list[Row], releases: list[Row]) -> Row:
        good = [s for s in held if not s["is_barred"]]
        interviews = [s for s in good if s["method"] == "interview"]
        named = [s for s in interviews if s["researcher"]]
        months = {(s["researcher"], s["on"].replace(day=1)) for s in named}
        agreed = sum(s["state"] not in ("unknown", "refused") for s in good)
        covered = sum(self._spoken(r) >= 5 for r in releases)
        return {
            "session_count": len(good), "interview_count": len(interviews),
            "participant_count": len({s["person"] or s["id"] for s in good}),
            "account_count": len({top(s["account"]) for s in good} - {"unknown"}),
            "researcher_month_count": len(months),
            "unknown_participant_session_count": sum(s["person"] is None for s in good),
            "excluded_session_count": len(held) - len(good),
            "interviews_per_researcher_month": len(named) / len(months) if months else None,
            "consent_num": agreed if held else None, "consent_den": len(good) if held else None,
            "coverage_num": covered if releases else None,
            "coverage_den": len(releases) or None,
        }  # fmt: skip

    def _spoken(self, release: Row) -> int:
        who = set()
        for item in self.voice.items:
            if not item.item_id.startswith("interview:") or item.reason is not None:
                continue
            for s in self.sessions:
                before = release["released_on"] - 182 * DAY <= s["on"] < release["released_on"]
                counts = s["is_held"] and not s["is_barred"] and not s["is_record"]
                is_its_note = item.item_id == f"interview:notes:{s['id']}"
                if is_its_note and before and counts and release["theme_id"] in mentions(item.text):
                    who.add(s["person"] or s["id"])
        return len(who)


def latest_by(invitations: list[Row]) -> list[Row]:
    """The last version of each invitation."""
    now = {}
    for row in sorted(invitations, key=lambda r: r["updated_at"]):
        now[row["survey_id"], row["delivery_id"]] = row
    return list(now.values())
