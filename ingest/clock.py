"""When an event happened, from the times that client and server tell, as SQL.

Belongs here: taking the error of the client's clock out. Does not belong here: how a time is read
(`ingest.values`), the other columns (`ingest.mapping`).
"""

from __future__ import annotations

from ingest.compiled import Layer, Record
from ingest.fields import Clock, Field
from ingest.values import value_sql

CLOCK_TOLERANCE = "interval 10 minutes"


def clock_sql(
    clock: Clock, record: Record, zone: str | None, moments: Layer, events: Layer
) -> dict[str, str]:
    """The four clock columns of usage events.

    Event time = the vendor's corrected timestamp, else received - (sent - original); where it is
    more than ten minutes after receipt the client's clock is ahead and receipt is taken instead.
    """

    def read(path: str | None) -> str:
        if path is None:
            return "NULL::timestamp"
        # Spaces around it are of no account, and rare.
        text = record.text(path)
        spec = Field(zone=clock.zone)
        if clock.parser == "timestamp" and not (clock.zone or zone):
            return f"clock_time({text})"
        return value_sql(clock.parser, f"trimmed({text})", spec, zone, None)

    sent, received = moments.add(read(clock.sent)), moments.add(read(clock.received))
    original = read(clock.original)  # In place, so that it is read where it is needed alone.
    corrected = f"{received} - ({sent} - {original})"
    choices = [corrected] if clock.original and clock.sent and clock.received else []
    choices += [original] if clock.original else []
    happened = f"coalesce({', '.join([*choices, 'NULL::timestamp'])})"
    if clock.timestamp:
        stated = moments.add(read(clock.timestamp))
        # All that stands twice in a `coalesce` is computed for every row, in a `case` it is not.
        happened = f"case when {stated} is not null then {stated} else {happened} end"
    happened = events.add(happened)
    if clock.received is None:
        return {
            "occurred_at": happened,
            "received_at": happened,
            "sent_at": sent,
            "is_clock_skewed": "false",
        }
    if clock.may_lack_receipt:
        received = f"case when {received} is null then {happened} else {received} end"
    ahead = f"coalesce({happened} > {received} + {CLOCK_TOLERANCE}, false)"
    return {
        "occurred_at": f"case when {ahead} then {received} else {happened} end",
        "received_at": received,
        "sent_at": sent,
        "is_clock_skewed": ahead,
    }
