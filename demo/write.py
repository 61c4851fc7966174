"""The whole company into one folder.

Belongs here: the order of writing and the refusal to write over anything. Does not belong here:
any single file.
"""

from __future__ import annotations

import json
from pathlib import Path

from demo.company import STARTS_ON, make_accounts, moment
from demo.experiments import write_exposures
from demo.files import Delivery
from demo.hubspot import make_notes, write_hubspot
from demo.people import make_guests, make_people, make_robots
from demo.registry import write_registry
from demo.seats import make_seats
from demo.segment import write_segment
from demo.support import make_tickets
from demo.survey import make_responses, write_survey
from demo.tools import make_invoices, write_tools
from demo.truth import Simulation, make_truth
from demo.usage import make_hits
from demo.zendesk import write_zendesk

UNKNOWN_FILE = "drop/notes from the offsite.txt"
_UNKNOWN = "Offsite, 12 May\n\n* Who owns the roadmap page?\n* Lunch at 12:30.\n"


class DemoError(ValueError):
    """The company can't be written; the message says what to do."""


def _refuse(home: Path, size: int) -> None:
    if not 1 <= size <= 50:
        raise DemoError(f"size {size}: give a whole number from 1 (about 40 accounts) to 50")
    if home.exists() and not home.is_dir():
        raise DemoError(f"{home} is a file; name a new or empty folder")
    # A folder with nothing but its key file is as good as empty.
    if home.is_dir() and any(path.name != ".env" for path in home.iterdir()):
        raise DemoError(f"{home} is not empty; name a new or empty folder")


def write_company(home: Path, *, seed: int = 7, size: int = 1) -> None:
    """Writes productops.yml, registry/, drop/ and truth.json of the made-up company.

    Args:
        home: A new or empty folder.
        seed: The same seed and size give the same bytes.
        size: 1 is about 40 accounts, 600 people and 70,000 events.

    Raises:
        DemoError: If the folder is not empty or the size makes no sense.
    """
    _refuse(home, size)
    home.mkdir(parents=True, exist_ok=True)
    delivery = Delivery(home)
    accounts = make_accounts(seed, size)
    people = make_people(seed, size, accounts)
    employees = [p for p in people if p.kind == "employee"]
    hits = make_hits(seed, people, accounts, make_guests(seed, size), make_robots(seed))
    tickets = make_tickets(seed, size, people, accounts)
    seats = make_seats(seed, employees)
    notes = make_notes(seed, accounts)
    responses = make_responses(seed, size, people)
    write_registry(delivery)
    sent = write_segment(delivery, seed, hits)
    write_zendesk(delivery, tickets, people, accounts)
    write_hubspot(delivery, seed, people, accounts, notes)
    write_tools(delivery, seed, seats, make_invoices())
    write_survey(delivery, responses)
    write_exposures(delivery, hits, people)
    delivery.text("unknown", UNKNOWN_FILE, _UNKNOWN, moment(STARTS_ON, 12))
    simulation = Simulation(
        seed, size, accounts, people, hits, tickets, seats, notes, responses, sent
    )
    truth = make_truth(simulation, delivery)
    (home / "truth.json").write_text(json.dumps(truth, indent=2) + "\n", encoding="utf-8")
