"""Vendors' APIs over records that are known: who is right about what was pulled.

Each world holds `at`: the second of the last change of every id, which is the record's version.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.unit.ingest.apis.server import Request, Response

BEGIN = int(datetime(2026, 5, 1, tzinfo=UTC).timestamp())


def iso(second: float) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def second(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class World:
    """Records by id, each changed `step` seconds after the one before."""

    vendor = ""
    streams: tuple[str, ...] = ()
    options = ""
    contract = "tickets"
    columns = "ticket_id, epoch(version_at)"
    list_name = ""
    # Where every hour is asked for, or the past is not kept, the server's clock stands in May.
    is_in_may = False
    now: Callable[[], float]

    def __init__(self, count: int = 450, step: int = 60) -> None:
        # The first one lies exactly on the moment from which everything is asked for.
        self.at = {number: BEGIN + (number - 1) * step for number in range(1, count + 1)}
        self.born = dict(self.at)
        self.gone: set[int] = set()
        self.expired: set[str] = set()
        self._ordered: list[tuple[int, int]] = []

    def truth(self) -> dict[str, float]:
        return {str(number): float(moment) for number, moment in self.at.items()}

    def edit(self, *ids: int) -> None:
        for number in ids:
            self.at[number] = int(self.now())
        self._ordered = []

    def delete(self, *ids: int) -> None:
        self.gone.update(ids)
        self.edit(*ids)

    def ordered(self) -> list[tuple[int, int]]:
        if not self._ordered:
            self._ordered = sorted((moment, number) for number, moment in self.at.items())
        return self._ordered

    def answer(self, request: Request) -> Response:
        raise NotImplementedError

    def without_list(self, good: Response, fault: str) -> Any:
        value = {"null": None, "text": "none"}.get(fault)
        if not self.list_name:
            return value
        rest = {k: v for k, v in good.document.items() if k != self.list_name}
        return rest if fault == "missing" else rest | {self.list_name: value}

    def emptied(self, good: Response) -> Any:
        return good.document | {self.list_name: []} if self.list_name else []

    def reordered(self, good: Response) -> Any:
        if not self.list_name:
            return good.document[::-1]
        return good.document | {self.list_name: good.document[self.list_name][::-1]}


class Zendesk(World):
    vendor, streams, list_name = "zendesk", ("tickets",), "tickets"
    per_page = 100
    stuck_from: int | None = None

    def record(self, number: int, moment: int) -> dict[str, Any]:
        return {
            "id": number, "generated_timestamp": moment, "subject": f"Ticket {number}",
            "status": "deleted" if number in self.gone else "open", "via": {"channel": "web"},
            "requester_id": 7, "tags": [], "created_at": iso(self.born[number]),
            "updated_at": iso(self.born[number]),
        }  # fmt: skip

    def answer(self, request: Request) -> Response:
        assert request.path == "/api/v2/incremental/tickets/cursor.json"
        cursor = request.params.get("cursor")
        if cursor in self.expired:
            self.expired.clear()
            return Response({"error": "InvalidValue"}, 400)
        after = (float(request.params.get("start_time", 0)), -1)
        if cursor:
            moment, number = b64decode(cursor).decode().rstrip("|").split("||")
            after = (float(moment), int(number))
        visible = [pair for pair in self.ordered() if pair[0] <= self.now() - 60]
        left = [pair for pair in visible if pair > after]
        page = left[: self.per_page]
        last = page[-1] if page else after
        token = b64encode(f"{float(last[0])}||{last[1]}|".encode()).decode()
        if self.stuck_from is not None and cursor and after[1] >= self.stuck_from:
            token = cursor
        return Response({
            "tickets": [self.record(number, moment) for moment, number in page],
            "after_cursor": token, "after_url": f"https://elsewhere.test/?cursor={token}",
            "end_of_stream": (len(left) <= self.per_page and token != cursor) or not left,
        })  # fmt: skip


class ZendeskEvents(World):
    vendor, streams, list_name = "zendesk", ("ticket_events",), "ticket_events"
    contract, columns = "ticket_events", "ticket_event_id, epoch(occurred_at)"

    def answer(self, request: Request) -> Response:
        start = int(request.params["start_time"])
        if start > self.now() - 60:
            return Response({"error": "StartTimeTooRecent"}, 422)
        left = [pair for pair in self.ordered() if pair[0] >= start]
        page = left[:100]
        # All of one second come together, however many there are.
        page = [pair for pair in left if page and pair[0] <= page[-1][0]]
        return Response({
            "ticket_events": [
                {"id": number * 10, "ticket_id": 1, "timestamp": moment, "updater_id": 3,
                 "child_events": [{"id": number, "event_type": "Change", "status": "open",
                                   "previous_value": "new"}]}
                for moment, number in page
            ],
            "end_time": page[-1][0] if page else start, "count": len(page),
            "next_page": "https://elsewhere.test/", "end_of_stream": len(page) == len(left),
        })  # fmt: skip


class ZendeskUsers(Zendesk):
    streams, list_name = ("users",), "users"
    contract, columns = "identities", "identity_ref, epoch(updated_at)"

    def answer(self, request: Request) -> Response:
        assert request.path == "/api/v2/incremental/users/cursor.json"
        path = "/api/v2/incremental/tickets/cursor.json"
        found = super().answer(Request("GET", path, request.params, None, {})).document
        users = [
            {"id": t["id"], "email": f"u{t['id']}@acme.test", "role": "end-user", "active": True,
             "created_at": t["created_at"], "updated_at": iso(self.at[t["id"]])}
            for t in found.pop("tickets")
        ]  # fmt: skip
        return Response(found | {"users": users})


class Freshdesk(World):
    vendor, streams = "freshdesk", ("tickets",)

    def answer(self, request: Request) -> Response:
        number, size = int(request.params["page"]), int(request.params["per_page"])
        if number > 300:
            return Response({"description": "Validation failed"}, 400)
        pairs = self.ordered()
        # The moment itself is left out, which is the harder of the two readings.
        begin = bisect_left(pairs, (int(second(request.params["updated_since"])) + 1, 0))
        begin += (number - 1) * size
        return Response([self.record(*pair) for pair in pairs[begin : begin + size]])

    def record(self, moment: int, number: int) -> dict[str, Any]:
        return {
            "id": number, "subject": f"T{number}", "status": 2, "priority": 1, "source": 1,
            "requester_id": 5, "responder_id": None, "company_id": None, "fr_escalated": False,
            "created_at": iso(self.born[number]), "updated_at": iso(moment),
        } | ({"deleted": True} if number in self.gone else {})  # fmt: skip


class HubSpot(World):
    vendor, streams, list_name = "hubspot", ("companies",), "results"
    contract, columns = "accounts", "account_ref, epoch(updated_at)"
    # Changed already, but not yet in the index that is searched.
    unindexed: frozenset[int] = frozenset()

    def answer(self, request: Request) -> Response:
        if request.method == "GET":
            return self.archived(request)
        filters = {(f["propertyName"], f["operator"]): int(f["value"])
                   for f in request.document["filterGroups"][0]["filters"]}  # fmt: skip
        since = filters["hs_lastmodifieddate", "GTE"] / 1000
        until = filters["hs_lastmodifieddate", "LT"] / 1000
        after, limit = filters["hs_object_id", "GT"], request.document["limit"]
        assert limit <= 200
        hidden = self.gone | self.unindexed
        hits = sorted(
            n for n, m in self.at.items() if since <= m < until and n > after and n not in hidden
        )
        offset = int(request.document.get("after", 0))
        if offset + limit > 10_000:
            return Response({"category": "VALIDATION_ERROR"}, 400)
        page = hits[offset : offset + limit]
        more = {"paging": {"next": {"after": str(offset + limit)}}} if len(hits) > limit else {}
        return Response({"total": len(hits), "results": [self.record(n) for n in page]} | more)

    def archived(self, request: Request) -> Response:
        assert request.params["archived"] == "true"
        gone = sorted(self.gone)
        begin = int(request.params.get("after", 0))
        more = {"paging": {"next": {"after": str(begin + 2)}}} if len(gone) > begin + 2 else {}
        results = [
            self.record(n) | {"archived": True, "archivedAt": iso(self.at[n])}
            for n in gone[begin : begin + 2]
        ]
        return Response({"results": results} | more)

    def record(self, number: int) -> dict[str, Any]:
        moment = iso(self.born[number] if number in self.gone else self.at[number])
        properties = {
            "name": f"C{number}", "domain": f"c{number}.test", "lifecyclestage": "lead",
            "hs_lastmodifieddate": moment, "createdate": iso(self.born[number]),
        }  # fmt: skip
        return {"id": str(number), "properties": properties, "archived": False}
