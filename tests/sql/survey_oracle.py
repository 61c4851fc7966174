"""What the survey mart should say, computed answer by answer in plain Python.

Belongs here: the definitions, written a second time without SQL. Does not belong here: rows
(`survey_world`). Whose account and zone somebody has is known from `voice_world`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from math import sqrt
from typing import Any
from zoneinfo import ZoneInfo

from .voice_oracle import Row, top
from .voice_world import ACCOUNTS, AS_OF, EXCLUSIONS, ORG_ZONE, PEOPLE, ZONES, Rows

UTC = ZoneInfo("UTC")
Z = 1.959964


@dataclass(frozen=True)
class Voice:
    """One answer of somebody, on a day."""

    key: tuple[str, str, str]
    kind: tuple[str, str, float, float]
    who: str
    is_known: bool
    account: str
    plan: str
    at: dt.datetime
    response: str
    on: dt.date
    number: float
    verdict: str

    @property
    def quarter(self) -> dt.date:
        return quarter_of(self.on)


def quarter_of(day: dt.date) -> dt.date:
    return dt.date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def person_of(row: Row) -> int | None:
    """Number of a person by user id, else by mailbox."""
    for name in ("user_id", "email_key"):
        if row.get(name) and int(row[name][1:]) <= len(PEOPLE):
            return int(row[name][1:])
    return None


def local(at: dt.datetime, account: str) -> dt.date:
    zone = ZONES.get(account.removeprefix("g"), ORG_ZONE)
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def account_of(person: int | None) -> str:
    return f"g{person}" if person and person < 8 else "unknown"


def plan_on(account: str, on: dt.date) -> str:
    for ref, _, versions, churned in ACCOUNTS:
        if f"g{ref}" == account:
            if churned and on.isoformat() >= churned:
                return "churned"
            past = [v for v in versions if v[0] <= on.isoformat()] or versions[:1]
            return past[-1][1]
    return "unknown"


def is_barred(person: int | None, account: str, on: dt.date) -> bool:
    return any(
        (rule["subject"] == account or (rule["subject"] == "own.test" and person == 9))
        and rule.get("valid_from", on) <= on < rule.get("valid_to", dt.date.max)
        for rule in EXCLUSIONS
    )


def wilson(num: int | None, den: int | None) -> tuple[float | None, float | None]:
    """The 95 % interval as textbooks write it."""
    if not den:
        return None, None
    p, z2 = num / den, Z * Z
    middle = (p + z2 / (2 * den)) / (1 + z2 / den)
    half = Z / (1 + z2 / den) * sqrt(p * (1 - p) / den + z2 / (4 * den * den))
    return middle - half, middle + half


class SurveyOracle:
    """All scored answers, and the mart's rows."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.responses = rows["survey_responses", "qualtrics"]
        self.voices = self._without_repeats(self._voices())
        self.invited = self._invited()

    def _kinds(self) -> dict[tuple[str, str], tuple[str, str, float, float]]:
        found = {}
        for row in self.responses:
            words = " ".join((row.get("question_text") or "").lower().split())
            if "how likely" in words and "recommend" in words.split("how likely", 1)[1]:
                found[row["survey_id"], row["question_id"]] = ("nps", "wording", 0.0, 10.0)
        for entry in self.rows["survey_questions", "registry"]:
            for row in self.responses:
                pair = (row["survey_id"], row["question_id"])
                wanted = (entry["survey_id"], entry["question_id"])
                if [p.lower() for p in pair] == [w.lower() for w in wanted]:
                    kind, low, high = (
                        entry[n] for n in ("question_kind", "scale_min", "scale_max")
                    )
                    found[pair] = (kind, "register", low, high)
        return found

    def _voices(self) -> list[Voice]:
        kinds, made = self._kinds(), []
        for row in self.responses:
            kind = kinds.get((row["survey_id"], row["question_id"]))
            if kind is None or row["answer_number"] is None:
                continue
            person = person_of(row)
            account = account_of(person)
            on, number = local(row["submitted_at"], account), row["answer_number"]
            verdict = "valid"
            if number not in range(int(kind[2]), int(kind[3]) + 1):
                verdict = "off_scale"
            if row["submitted_at"] > AS_OF or is_barred(person, account, on):
                verdict = "excluded"
            if row["is_test"]:
                verdict = "test"
            who = f"p{person}" if person else row["response_id"]
            made.append(
                Voice(("qualtrics", row["survey_id"], row["question_id"]), kind, who,
                      person is not None, account, plan_on(account, on), row["submitted_at"],
                      row["response_id"], on, number, verdict)
            )  # fmt: skip
        return made

    def _without_repeats(self, voices: list[Voice]) -> list[Voice]:
        last: dict[Any, Voice] = {}
        for voice in sorted(voices, key=lambda v: (v.at, v.response)):
            if voice.verdict == "valid":
                last[voice.key, voice.who, voice.quarter] = voice
        return [
            v
            if v.verdict != "valid" or last[v.key, v.who, v.quarter] is v
            else Voice(**{**vars(v), "verdict": "repeated"})
            for v in voices
        ]

    def _invited(self) -> dict[tuple[str, str, dt.date], tuple[str, bool]]:
        """Per survey, person and quarter: plan at the first invitation, whether they answered."""
        now: dict[tuple[str, str], Row] = {}
        for row in sorted(
            self.rows["survey_deliveries", "qualtrics"], key=lambda r: r["updated_at"]
        ):
            now[row["survey_id"], row["delivery_id"]] = row
        found: dict[tuple[str, str, dt.date], tuple[str, bool]] = {}
        for row in sorted(now.values(), key=lambda r: (r["sent_at"], r["delivery_id"])):
            person = person_of(row)
            account = account_of(person)
            sent, on = row["sent_at"], local(row["sent_at"], account)
            if row["delivery_status"] != "delivered" or sent > AS_OF:
                continue
            if is_barred(person, account, on):
                continue
            answered = person is not None and any(
                person_of(r) == person
                and r["survey_id"].lower() == row["survey_id"].lower()
                and not r["is_test"]
                and r["submitted_at"] <= AS_OF
                and sent <= r["submitted_at"] < sent + dt.timedelta(days=14)
                for r in self.responses
            )
            who = f"p{person}" if person else row["delivery_id"]
            key = (row["survey_id"].lower(), who, quarter_of(on))
            plan, before = found.get(key, (plan_on(account, on), False))
            found[key] = (plan, before or answered)
        return found

    def periods(self) -> dict[tuple, Row]:
        """The mart by source, survey, question, segment and quarter."""
        keys = set()
        kinds = {v.key: v.kind for v in self.voices}
        for voice in self.voices:
            keys |= {(*voice.key, s, voice.quarter) for s in ("all", voice.plan)}
        for (survey, _, quarter), (plan, _) in self.invited.items():
            for key in kinds:
                if key[1].lower() == survey:
                    keys |= {(*key, s, quarter) for s in ("all", plan)}
        return {key: self._cell(key, kinds[key[:3]]) for key in keys}

    def _cell(self, key: tuple, kind: tuple[str, str, float, float]) -> Row:
        *question, segment, quarter = key
        here = [v for v in self.voices if v.key == tuple(question) and v.quarter == quarter]
        here = [v for v in here if segment in ("all", v.plan)]
        good = [v for v in here if v.verdict == "valid"]
        n, is_nps = len(good), kind[0] == "nps"
        up = sum(v.number >= 9 for v in good)
        down = sum(v.number <= 6 for v in good)
        top2 = sum(v.number > kind[3] - 2 for v in good)
        score = se = None
        if is_nps and n:
            score, d = 100 * (up - down) / n, (up - down) / n
            se = 100 * sqrt(max(up / n + down / n - d * d, 0) / n)
        parents: dict[str, list[float]] = {}
        for v in good:
            if v.account != "unknown":
                parents.setdefault(top(v.account), []).append(v.number)
        means = [
            100 * (sum(a >= 9 for a in own) - sum(a <= 6 for a in own)) / len(own)
            for own in parents.values()
        ]
        survey = question[1].lower()
        is_tracked = any(s == survey for s, _, _ in self.invited)
        asked = [
            done
            for (s, _, q), (plan, done) in self.invited.items()
            if s == survey and q == quarter and segment in ("all", plan)
        ]
        den, num = (len(asked), sum(asked)) if is_tracked else (None, None)
        end = quarter_of(quarter + dt.timedelta(days=100)) + dt.timedelta(
            days=13 if is_tracked else -1
        )
        over = dt.datetime.combine(end, dt.time()) + dt.timedelta(hours=36)
        reach = min(max(r["submitted_at"] for r in self.responses), AS_OF)
        if is_tracked:
            sent = self.rows["survey_deliveries", "qualtrics"]
            reach = min(reach, max(r["updated_at"] for r in sent))
        return {
            "question_kind": kind[0], "kind_basis": kind[1], "scale_min": kind[2],
            "scale_max": kind[3], "answer_count": len(here), "response_count": n,
            **{f"{name}_answer_count": sum(v.verdict == name for v in here)
               for name in ("test", "excluded", "off_scale", "repeated")},
            "anonymous_response_count": sum(not v.is_known for v in good),
            "excluded_person_count": len({v.who for v in here if v.verdict == "excluded"}),
            "account_count": len(parents),
            "promoter_count": up if is_nps else None,
            "passive_count": n - up - down if is_nps else None,
            "detractor_count": down if is_nps else None,
            "nps_score": score, "nps_se": se,
            "nps_low": max(score - Z * se, -100) if se else None,
            "nps_high": min(score + Z * se, 100) if se else None,
            "nps_account_score": sum(means) / len(means) if is_nps and means else None,
            "top2_num": None if is_nps else top2, "top2_den": None if is_nps else n,
            "top2_rate": None if is_nps or not n else top2 / n,
            "top2_low": None if is_nps else wilson(top2, n)[0],
            "top2_high": None if is_nps else wilson(top2, n)[1],
            "answer_mean": sum(v.number for v in good) / n if n else None,
            "response_num": num, "response_den": den, "response_rate": num / den if den else None,
            "response_low": wilson(num, den)[0], "response_high": wilson(num, den)[1],
            "is_complete": reach >= over, "data_through_at": min(reach, over),
        }  # fmt: skip
