"""Who of Harborline's people has a seat in which tool, and until when they use it.

Belongs here: the simulation of seats. Does not belong here: the vendors' exports (`demo.tools`,
`demo.okta`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from demo import catalog
from demo.company import STARTS_ON, source_of_chance
from demo.people import Person

SNAPSHOTS = (date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30),
             date(2026, 5, 31), date(2026, 6, 29))  # fmt: skip
_ASSIGNED = {"slack": 66, "figma": 52, "atlassian": 58}
_IDLE = {"slack": 0, "figma": 18, "atlassian": 9}
_SEATS = ("Full", "Dev", "Collab")
LEAVERS = 3
LEFT_ON = date(2026, 5, 8)


@dataclass(frozen=True)
class Seat:
    """One employee's seat; `stopped_on` is the last day of use, None where it is used still."""

    tool_id: str
    person: Person
    joined_on: date
    seat_type: str
    stopped_on: date | None
    every_days: float
    has_left: bool

    def last_seen(self, on: date) -> date | None:
        """Last day of use before the end of a day; None before the first."""
        end = min(on, self.stopped_on or on)
        seen = end - timedelta(
            int((on.toordinal() * 7 + len(self.person.email) * 3) % self.every_days)
        )
        last = self.stopped_on if self.stopped_on and self.stopped_on <= on else seen
        return last if last >= self.joined_on else None


def make_seats(seed: int, employees: list[Person]) -> list[Seat]:
    """Seats of all tools: some have been idle for more than 90 days, three belong to leavers."""
    chance = source_of_chance(seed, "seats")
    seats: list[Seat] = []
    leavers = employees[:LEAVERS]
    for tool in catalog.TOOLS:
        count = min(_ASSIGNED[tool.tool_id], len(employees))
        holders = leavers + chance.sample(employees[LEAVERS:], count - LEAVERS)
        idle = {p.user_id for p in holders[LEAVERS : LEAVERS + _IDLE[tool.tool_id]]}
        for person in holders:
            is_idle, has_left = person.user_id in idle, person in leavers
            stopped = LEFT_ON if has_left else None
            if is_idle:
                stopped = STARTS_ON + timedelta(chance.randint(0, 70))
            joined = date(2025, 9, 1) + timedelta(chance.randrange(120))
            # The last few came one by one in the months that the exports show.
            if (late := len(holders) - 1 - holders.index(person)) < 5:
                joined = date(2026, 2 + late, 12)
            seats.append(
                Seat(
                    tool.tool_id,
                    person,
                    joined,
                    chance.choice(_SEATS),
                    stopped,
                    1 if is_idle else chance.choice((1, 2, 5, 12)),
                    has_left,
                )
            )
    return seats
