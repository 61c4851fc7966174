"""What is planted, counted from the simulation itself.

Belongs here: expected numbers with the definition of each in a neighbouring key. Does not belong
here: reading any written file, or anything of the pipeline.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from demo.company import AS_OF, ENDS_ON, INTERNAL_DOMAIN, ORG_ZONE, STARTS_ON, Account, iso
from demo.desk import Ticket
from demo.files import Delivery
from demo.people import Person
from demo.seats import Seat
from demo.segment import Sent
from demo.survey import Response
from demo.truth_experiments import experiments_truth
from demo.truth_paths import paths_truth
from demo.truth_revenue import revenue_truth
from demo.truth_support import support_truth, survey_truth, theme_truth
from demo.truth_tools import tools_truth
from demo.truth_usage import Usage, usage_truth
from demo.usage import Hit


@dataclass(frozen=True)
class Simulation:
    """All that happened."""

    seed: int
    size: int
    accounts: list[Account]
    people: list[Person]
    hits: list[Hit]
    tickets: list[Ticket]
    seats: list[Seat]
    notes: list[tuple[str | None, datetime, dict[str, Any]]]
    responses: list[Response]
    sent: Sent


def _ledger(delivery: Delivery) -> dict[str, Any]:
    rows: dict[str, dict[str, dict[str, int]]] = {}
    for (kind, contract), tally in sorted(delivery.tallies.items()):
        rows.setdefault(kind, {})[contract] = dict(vars(tally))
    return {
        "definition": "Per kind of file (the name of the recognised export) and contract: records "
        "in all its "
        "files; rows_in = rows_loaded + rows_duplicate + rows_quarantined. A duplicate has a known "
        "key and the "
        "same content, a revision (counted among the loaded) a known key with other content.",
        "rows": rows,
        "files_definition": "Files written per kind; `unknown` is the planted one that nobody can "
        "read.",
        "files": {kind: len(paths) for kind, paths in sorted(delivery.files.items())},
        "unknown_files": delivery.files["unknown"],
    }


def make_truth(simulation: Simulation, delivery: Delivery) -> dict[str, Any]:
    """Everything that is planted, ready for JSON."""
    usage = Usage(simulation.accounts, simulation.people, simulation.hits)
    sent = simulation.sent
    return {
        "company": {
            "name": "Harborline",
            "time_zone": ORG_ZONE,
            "internal_domain": INTERNAL_DOMAIN,
            "seed": simulation.seed,
            "size": simulation.size,
            "from": STARTS_ON.isoformat(),
            "to": ENDS_ON.isoformat(),
            "as_of": iso(AS_OF),
            "account_count": len(simulation.accounts),
            "person_count": len(simulation.people),
            "ticket_count": len(simulation.tickets),
            "event_count": len(simulation.hits),
        },
        "ledger": _ledger(delivery),
        "segment": {
            "definition": "lines: all lines of all files; exact_duplicates: the same line once "
            "more; retries: the "
            "same messageId with later sentAt and receivedAt; quarantined: lines that can't be "
            "loaded, by reason; "
            "unique_events: lines less those three; late_events: unique events received more than "
            "24 hours after "
            "they occurred; late_40_days: at least 39 days; clock_skewed: unique events whose "
            "timestamp is more than "
            "ten minutes after receipt, so that receipt counts.",
            "lines": sent.lines,
            "exact_duplicates": sent.exact_duplicates,
            "retries": sent.retries,
            "quarantined": sent.quarantined,
            "unique_events": len(simulation.hits),
            "late_events": sum(1 for h in simulation.hits if h.received - h.occurred > 86_400_000),
            "late_40_days": sum(
                1 for h in simulation.hits if h.received - h.occurred > 39 * 86_400_000
            ),
            "clock_skewed": sum(1 for h in simulation.hits if h.is_skewed),
        },
        **usage_truth(usage),
        **paths_truth(usage),
        **experiments_truth(usage),
        **theme_truth(simulation.tickets, simulation.notes, simulation.responses),
        "support": support_truth(simulation.tickets),
        "survey": survey_truth(simulation.responses),
        "tools": tools_truth(simulation.seats),
        "revenue": revenue_truth(simulation.accounts),
    }
