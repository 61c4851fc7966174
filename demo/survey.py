"""A Qualtrics survey of customers: three header rows, answers with line breaks and commas.

Belongs here: the survey and Qualtrics' CSV. Does not belong here: what themes mean.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from demo import catalog
from demo.company import AS_OF, STARTS_ON, moment, source_of_chance
from demo.files import Delivery
from demo.people import Person

_COLUMNS = (
    ("StartDate", "Start Date", "startDate"),
    ("EndDate", "End Date", "endDate"),
    ("Status", "Response Type", "status"),
    ("IPAddress", "IP Address", "ipAddress"),
    ("Progress", "Progress", "progress"),
    ("Duration (in seconds)", "Duration (in seconds)", "duration"),
    ("Finished", "Finished", "finished"),
    ("RecordedDate", "Recorded Date", "recordedDate"),
    ("ResponseId", "Response ID", "_recordId"),
    ("RecipientLastName", "Recipient Last Name", "recipientLastName"),
    ("RecipientFirstName", "Recipient First Name", "recipientFirstName"),
    ("RecipientEmail", "Recipient Email", "recipientEmail"),
    ("ExternalReference", "External Data Reference", "externalDataReference"),
    ("LocationLatitude", "Location Latitude", "locationLatitude"),
    ("LocationLongitude", "Location Longitude", "locationLongitude"),
    ("DistributionChannel", "Distribution Channel", "distributionChannel"),
    ("UserLanguage", "User Language", "userLanguage"),
    ("Q1", "How likely are you to recommend Harborline to a colleague?", "QID1"),
    (
        "Q1_NPS_GROUP",
        "How likely are you to recommend Harborline to a colleague? - Group",
        "QID1_NPS_GROUP",
    ),
    ("Q2", "What is the main reason for your score?\nPlease be frank.", "QID2_TEXT"),
)
QUESTIONS = 3


@dataclass(frozen=True)
class Response:
    """One response; `score` is None where the respondent left early."""

    response_id: str
    person: Person | None
    at: datetime
    score: int | None
    reason: str
    theme_id: str | None
    is_preview: bool = False


def make_responses(seed: int, size: int, people: list[Person]) -> list[Response]:
    """Responses of customers over the half-year, and two previews."""
    chance = source_of_chance(seed, "survey")
    customers = [p for p in people if p.kind == "customer" and not p.twin_of]
    themes = [t for t in catalog.THEMES if t.theme_id == "slow_dashboards"]
    made = []
    for n, person in enumerate(chance.sample(customers, min(110 * size, len(customers)))):
        score = min(10, max(0, round(chance.gauss(7.9, 2))))
        theme = themes[0] if score < 7 and chance.random() < 0.4 else None
        reason = chance.choice(
            ("Does what it says, and fast.", "Good map,\ngood support.", "", 'The "lanes" view.')
        )
        if theme:
            reason = chance.choice(theme.sentences)
        day = STARTS_ON + timedelta(7 * chance.randrange(24) + chance.randint(1, 3))
        is_done = chance.random() < 0.94
        made.append(
            Response(
                f"R_{chance.getrandbits(60):015x}",
                person,
                moment(day, chance.randint(14, 20), n % 60, 11),
                score if is_done else None,
                reason if is_done else "",
                theme.theme_id if theme and is_done else None,
            )
        )
    made += [
        Response(f"R_preview{n}", None, moment(STARTS_ON, 15, n), 10, "test", None, True)
        for n in range(2)
    ]
    return sorted(made, key=lambda r: (r.at, r.response_id))


def group_of(score: int) -> str:
    """The words in which Qualtrics groups a score."""
    return "Promoter" if score >= 9 else "Passive" if score >= 7 else "Detractor"


def _row(response: Response) -> list[str]:
    at, person = response.at.strftime("%Y-%m-%d %H:%M:%S"), response.person
    started = (response.at - timedelta(seconds=95)).strftime("%Y-%m-%d %H:%M:%S")
    is_done = response.score is not None
    score = "" if response.score is None else str(response.score)
    group = "" if response.score is None else group_of(response.score)
    first, last = person.name.split(" ", 1) if person else ("", "")
    return [
        started, at, "Survey Preview" if response.is_preview else "IP Address", "203.0.113.9",
        "100" if is_done else "40", "95", str(is_done), at, response.response_id, last, first,
        person.email if person else "", person.user_id if person else "", "40.71", "-74.00",
        "preview" if response.is_preview else "email", "EN", score, group, response.reason,
    ]  # fmt: skip


def write_survey(delivery: Delivery, responses: list[Response]) -> None:
    """Two exports of the same survey; the second holds the first's responses once more."""
    ids = []
    for name, _, import_id in _COLUMNS:
        zone = {"timeZone": "Z"} if name.endswith("Date") else {}
        ids.append(json.dumps({"ImportId": import_id} | zone, separators=(",", ":")))
    header = [[name for name, _, _ in _COLUMNS], [label for _, label, _ in _COLUMNS], ids]
    for at in (moment(date(2026, 4, 1), 12), AS_OF):
        rows = [_row(r) for r in responses if r.at < at]
        delivery.table(
            "qualtrics", f"drop/qualtrics/Customer NPS_{at:%Y-%m-%d}.csv", [*header, *rows], at
        )
        for row in rows:
            for question in range(QUESTIONS):
                delivery.row("qualtrics", "survey_responses", (row[8], question), tuple(row))
