"""A help desk's own figures: those of the oracle, some of them off in a way that has a name.

Belongs here: rows of `vendor_reports`. Does not belong here: why they are off (`support_clocks`).
"""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from .support_clocks import figures_of
from .support_oracle import SupportOracle
from .support_tickets import AS_OF


def add_metric_sets(world: Any, oracle: SupportOracle, seed: int) -> None:
    """A metric set of two tickets in three."""
    chance = random.Random(seed)
    for ticket in oracle.tickets:
        if chance.random() < 0.3:
            continue
        at = chance.choice((AS_OF, ticket.created + dt.timedelta(days=chance.randrange(9))))
        for name, (own, one, _, unit) in figures_of(ticket).items():
            told = chance.choice((own, own, own, one, one, None, 7 * unit))
            if one is not None and one != own and chance.random() < 0.6:
                told = one
            if told is not None and chance.random() < 0.1:
                told += chance.choice((1, 59, 60, -61))
            value = None if told is None else float(max(told, 0) // unit)
            world.add(
                "vendor_reports",
                ticket.source,
                {
                    "report": "ticket_metric_set",
                    "subject_id": ticket.row["ticket_id"],
                    "metric": name,
                    "reported_value": value,
                    "reported_at": at,
                },
            )
