"""More vendors' APIs: those that are walked by page tokens, links and slices of time."""

from __future__ import annotations

import gzip
import json
import zipfile
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from tests.unit.ingest.apis.server import Request, Response
from tests.unit.ingest.apis.worlds import World, iso, second


class Intercom(World):
    vendor, streams, list_name = "intercom", ("conversations",), "conversations"

    def answer(self, request: Request) -> Response:
        bounds = {v["operator"]: v["value"] for v in request.document["query"]["value"]}
        hits = [p for p in self.ordered() if bounds[">"] < p[0] < bounds["<"]]
        token = request.document["pagination"].get("starting_after")
        left = [p for p in hits if not token or p > tuple(json.loads(token))]
        size = request.document["pagination"]["per_page"]
        page = left[:size]
        more = {"next": {"starting_after": json.dumps(page[-1])}} if len(left) > size else {}
        return Response({
            "type": "conversation.list", "total_count": len(hits), "pages": more,
            "conversations": [self.record(*pair) for pair in page],
        })  # fmt: skip

    def record(self, moment: int, number: int) -> dict[str, Any]:
        source = {"id": f"s{number}", "type": "email", "body": "<p>Hi</p>", "author": {"id": "9"}}
        return {"id": str(number), "created_at": self.born[number], "updated_at": moment,
                "state": "open", "source": source}  # fmt: skip


class Jira(World):
    vendor, streams, list_name = "jira", ("issues",), "issues"
    contract, columns = "work_items", "work_item_id, epoch(updated_at)"
    options = "{query: project = HELP}"

    def answer(self, request: Request) -> Response:
        jql = request.params["jql"]
        assert jql.startswith("(project = HELP) AND updated >= ")
        since = second(jql.split('"')[1].replace(" ", "T") + ":00+00:00")
        after = int(request.params.get("nextPageToken", "t0")[1:])
        left = [n for n, m in sorted(self.at.items()) if m >= since and n > after]
        page = left[:100]
        more = {"nextPageToken": f"t{page[-1]}"} if len(left) > 100 else {"isLast": True}
        return Response({"issues": [self.record(number) for number in page]} | more)

    def record(self, number: int) -> dict[str, Any]:
        fields = {
            "summary": f"I{number}", "status": {"name": "New", "statusCategory": {"key": "new"}},
            "issuetype": {"name": "Bug"}, "priority": {"name": "High"},
            "project": {"key": "HELP"}, "labels": ["a"],
            "reporter": {"accountId": "r1"}, "created": iso(self.born[number]),
            "updated": iso(self.at[number] + 7200).replace("Z", ".000+0200"),
        }  # fmt: skip
        return {"id": str(number), "key": f"HELP-{number}", "fields": fields}


class Okta(World):
    vendor, streams = "okta", ("system_log",)
    contract, columns = "tool_activity", "activity_id, epoch(occurred_at)"

    def answer(self, request: Request) -> Response:
        assert "until" in request.params
        bounds = second(request.params["since"]), second(request.params["until"])
        hits = [p for p in self.ordered() if bounds[0] <= p[0] < bounds[1]]
        if request.params.get("after") in self.expired:
            self.expired.clear()
            return Response({"errorCode": "E0000001"}, 400)
        begin = int(request.params.get("after", 0))
        page = hits[begin : begin + 100]
        headers = {}
        if begin + 100 < len(hits):
            headers["Link"] = (
                f'<https://elsewhere.test/api/v1/logs?after={begin}>; rel="self", '
                f'<https://elsewhere.test/api/v1/logs?after={begin + 100}&limit=5>; rel="next"'
            )
        records = [
            {"uuid": str(n), "published": iso(m), "eventType": "user.authentication.sso",
             "actor": {"id": "a", "alternateId": "a@acme.test"}, "outcome": {"result": "SUCCESS"},
             "target": [{"type": "AppInstance", "displayName": "Figma"}]}
            for m, n in page
        ]  # fmt: skip
        return Response(records, headers=headers)


class Google(World):
    vendor, streams, list_name = "google_workspace", ("login",), "items"
    is_in_may = True
    contract, columns = "tool_activity", "actor_ref, epoch(occurred_at)"

    def answer(self, request: Request) -> Response:
        assert request.path.endswith("/applications/login")
        bounds = second(request.params["startTime"]), second(request.params["endTime"])
        hits = [p for p in self.ordered() if bounds[0] <= p[0] < bounds[1]]
        begin = int(request.params.get("pageToken", 0))
        more = {"nextPageToken": str(begin + 100)} if begin + 100 < len(hits) else {}
        items = [
            {"id": {"time": iso(m), "uniqueQualifier": str(n)},
             "events": [{"name": "login_success"}],
             "actor": {"email": "a@acme.test", "profileId": str(n)}}
            for m, n in hits[begin : begin + 100]
        ]  # fmt: skip
        # An answer without activities has no list.
        return Response({"kind": "reports#activities"} | ({"items": items} if items else {}) | more)

    def without_list(self, good: Response, fault: str) -> Any:
        return super().without_list(good, "null")


class Productboard(World):
    vendor, streams, list_name = "productboard", ("notes",), "data"
    contract, columns = "feedback_notes", "note_id, epoch(updated_at)"
    hidden: frozenset[int] = frozenset()

    def answer(self, request: Request) -> Response:
        since = second(request.params["updatedFrom"] + "T00:00:00+00:00")
        hits = sorted(n for n, m in self.at.items() if m >= since)
        shown = [n for n in hits if n not in self.hidden]
        begin = int(request.params.get("pageCursor", 0))
        following = str(begin + 100) if begin + 100 < len(shown) else None
        notes = [
            {"id": str(n), "title": "T", "content": "<b>Need SSO</b>", "displayUrl": "x",
             "company": {"id": "c1"}, "createdAt": iso(self.born[n]), "updatedAt": iso(self.at[n])}
            for n in shown[begin : begin + 100]
        ]  # fmt: skip
        return Response({"data": notes, "pageCursor": following, "totalResults": len(hits)})


class PostHog(World):
    vendor, streams, list_name = "posthog", ("events",), "results"
    options = "{project: 12}"
    contract, columns = "usage_events", "event_id, epoch(occurred_at)"

    def answer(self, request: Request) -> Response:
        assert request.path == "/api/projects/12/events/"
        bounds = second(request.params["after"]), second(request.params["before"])
        hits = [p for p in reversed(self.ordered()) if bounds[0] < p[0] < bounds[1]]
        page = hits[: int(request.params["limit"])]
        results = [
            {"id": str(n), "event": "Opened", "distinct_id": f"d{n % 5}", "timestamp": iso(m),
             "properties": {"$user_id": f"u{n % 5}"}}
            for m, n in page
        ]  # fmt: skip
        more = "https://elsewhere.test/" if len(hits) > len(page) else None
        return Response({"next": more, "results": results})


class Exports(World):
    is_in_may = True
    contract, columns = "usage_events", "event_id, epoch(occurred_at)"

    def stretch(self, begin: datetime, length: timedelta) -> list[tuple[int, int]]:
        since = begin.replace(tzinfo=UTC).timestamp()
        return [p for p in self.ordered() if since <= p[0] < since + length.total_seconds()]

    def without_list(self, good: Response, fault: str) -> Any:
        return None


class Amplitude(Exports):
    vendor, streams = "amplitude", ("events",)

    def answer(self, request: Request) -> Response:
        assert request.params["start"] == request.params["end"]
        hour = datetime.strptime(request.params["start"], "%Y%m%dT%H")
        assert hour.replace(tzinfo=UTC).timestamp() + 3 * 3600 <= self.now()
        pairs = self.stretch(hour, timedelta(hours=1))
        if not pairs:
            return Response({}, 404)
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for part in range(2):
                rows = [
                    {"$insert_id": str(n), "event_type": "Opened", "device_id": "d", "user_id": "u",
                     "event_time": iso(m).replace("T", " ")[:19],
                     "client_upload_time": iso(m).replace("T", " ")[:19],
                     "server_upload_time": iso(m).replace("T", " ")[:19]}
                    for m, n in pairs[part::2]
                ]  # fmt: skip
                text = "".join(json.dumps(row) + "\n" for row in rows)
                archive.writestr(f"12/12_x#{part}.json.gz", gzip.compress(text.encode()))
        return Response(raw=packed.getvalue())


class Mixpanel(Exports):
    vendor, streams = "mixpanel", ("events",)
    options = "{project: 12}"

    def answer(self, request: Request) -> Response:
        day = datetime.fromisoformat(request.params["from_date"])
        rows = [
            {"event": "Opened", "properties": {"time": m, "$insert_id": str(n), "distinct_id": "d",
                                               "mp_processing_time_ms": m * 1000}}
            for m, n in self.stretch(day, timedelta(days=1))
        ]  # fmt: skip
        return Response(raw="".join(json.dumps(row) + "\n" for row in rows).encode())
