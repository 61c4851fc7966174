"""Expected numbers of tools: seats assigned, used and idle, and the renewal that is near.

Belongs here: counting over the simulated seats. Does not belong here: spend that only repeats the
invoices.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from demo import catalog
from demo.company import AS_OF
from demo.seats import SNAPSHOTS, Seat


def tools_truth(seats: list[Seat]) -> dict[str, Any]:
    """Per tool what the last snapshot shows; the renewal of Figma by name."""
    last = SNAPSHOTS[-1]
    made: dict[str, Any] = {}
    for tool in catalog.TOOLS:
        mine = [s for s in seats if s.tool_id == tool.tool_id]
        # Slack takes leavers' seats away; its export does not tell who uses it.
        assigned = [s for s in mine if not (tool.tool_id == "slack" and s.has_left)]
        has_activity = tool.tool_id != "slack"
        seen = [s.last_seen(last) for s in assigned]
        made[tool.tool_id] = {
            "purchased_seats": tool.purchased,
            "assigned_seats": len(assigned),
            "active28_seats": sum(1 for d in seen if d and d > last - timedelta(28))
            if has_activity
            else None,
            "idle90_seats": sum(1 for d in seen if not d or d <= last - timedelta(90))
            if has_activity
            else None,
            "leavers_with_seat": sum(1 for s in assigned if s.has_left),
            "seat_month_minor": tool.price,
            "invoiced_month_minor": tool.purchased * tool.price,
        }
    figma = next(t for t in catalog.TOOLS if t.tool_id == "figma")
    notice = figma.renews_on - timedelta(figma.notice_days)
    idle = made["figma"]["idle90_seats"]
    return {
        "definition": f"As the exports of {last.isoformat()} show it. active28 and idle90: seats "
        f"used within 28 and not "
        "within 90 days that end with the export's day; null where the export has no last "
        "activity. A leaver is "
        "deactivated in Slack.",
        "snapshot_on": last.isoformat(),
        "by_tool": made,
        "renewal": {
            "contract_id": "figma-2025",
            "tool_id": "figma",
            "renews_on": figma.renews_on.isoformat(),
            "notice_by_on": notice.isoformat(),
            "days_to_notice": (notice - AS_OF.date()).days,
            "idle90_seats": idle,
            "unassigned_seats": figma.purchased - made["figma"]["assigned_seats"],
            "idle_seat_year_minor": idle * figma.price * 12,
            "idle_seat_year_definition": "Idle seats times the monthly price times twelve: the "
            "next term's saving, "
            "as the contract allows no fewer seats within its term.",
        },
        "unregistered_vendors": [catalog.SHADOW_VENDOR, "Miro"],
    }
