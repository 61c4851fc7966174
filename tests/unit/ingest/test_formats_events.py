"""Event exports beside Segment's, each in its vendor's shape: exact rows come out."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from tests.unit.ingest.conftest import lines, loaded, packed
from tests.unit.ingest.test_formats import key

SEEN = (
    "event_id, event_name, event_type, user_id, anonymous_id, group_id, occurred_at, received_at,"
    " is_clock_skewed"
)
NOON = datetime(2026, 5, 1, 12)


def _ndjson(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


RUDDER = {
    "anonymousId": "a-1", "channel": "web", "event": "Report Exported", "groupId": "acc-1",
    "context": {"library": {"name": "RudderLabs JavaScript SDK"}, "sessionId": 1777636800,
                "userAgent": "Mozilla/5.0", "page": {"path": "/reports"}},
    "integrations": {"All": True}, "messageId": "r-1", "rudderId": "f0e1",
    "originalTimestamp": "2026-05-01T12:00:09.000Z", "sentAt": "2026-05-01T12:00:10.000Z",
    "receivedAt": "2026-05-01T12:00:01.000Z", "timestamp": None, "type": "track", "userId": "u-1",
    "properties": {"rows": 4},
}  # fmt: skip


def test_rudderstack_is_told_from_segment_and_its_clock_is_set_right(place) -> None:
    outcome = place.land("rudder/1.json.gz", packed(RUDDER, RUDDER))
    assert outcome.format == "rudderstack"
    assert loaded(outcome) == {"in": 2, "loaded": 1, "duplicate": 1, "quarantined": 0}
    # The client's clock is 9 seconds ahead: received - (sent - original) = 12:00:00.
    assert place.rows("usage_events", SEEN) == [
        ("r-1", "Report Exported", "track", "u-1", "a-1", "acc-1", NOON,
         datetime(2026, 5, 1, 12, 0, 1), False)
    ]  # fmt: skip


def _posthog(uuid: str, event: str, **properties: Any) -> dict[str, Any]:
    return {
        "uuid": uuid, "event": event, "distinct_id": properties.pop("distinct_id", "d-1"),
        "person_id": "018f", "team_id": 2, "properties": properties,
        "timestamp": "2026-05-01T12:00:00.000000Z", "created_at": "2026-05-01T12:00:02.000000Z",
        "elements_chain": "", "person_properties": {"email": "ada@corp.test"},
    }  # fmt: skip


def test_posthog_people_are_who_the_event_says_not_who_the_device_was(place) -> None:
    events = [
        _posthog("p-1", "$pageview", **{"$device_id": "dev-1", "$pathname": "/a"}),
        _posthog("p-2", "$identify", **{"$device_id": "dev-1", "$user_id": "u-1",
                                        "$anon_distinct_id": "dev-1", "distinct_id": "u-1",
                                        "$set": {"email": "Ada@Corp.test"}}),
        _posthog("p-3", "report exported", **{"$device_id": "dev-1", "$user_id": "u-1",
                                              "$groups": {"company": "acc-1"}, "rows": 4}),
    ]  # fmt: skip
    assert loaded(place.land("ph.jsonl", _ndjson(*events)))["loaded"] == 3
    columns = "event_name, event_type, user_id, anonymous_id, previous_id, group_id, email_key"
    assert place.rows("usage_events", columns, "order by event_id") == [
        ("$pageview", "page", None, "dev-1", None, None, None),
        ("$identify", "identify", "u-1", "dev-1", "dev-1", None, key("ada@corp.test")),
        ("report exported", "track", "u-1", "dev-1", None, "acc-1", None),
    ]
    kept = place.rows("usage_events", "properties", "and event_id = 'p-2'")[0][0]
    assert "ada@" not in kept.lower()


AMPLITUDE = {
    "$insert_id": "i-1", "$schema": 13, "amplitude_id": 9, "app": 1, "uuid": "x-1",
    "event_type": "report exported", "event_id": 77, "user_id": "u-1", "device_id": "d-1",
    "session_id": -1, "platform": "Web", "groups": {"company": ["acc-1"]},
    "client_event_time": "2026-05-01 12:00:07.000000",
    "client_upload_time": "2026-05-01 12:00:09.000000", "event_time": "2026-05-01 12:00:00.000000",
    "server_received_time": "2026-05-01 12:00:01.000000",
    "server_upload_time": "2026-05-01 12:00:02.000000",
    "event_properties": {"rows": 4}, "user_properties": {"email": "ada@corp.test"},
    "data": {"path": "/2/httpapi"},
}  # fmt: skip


def test_amplitude_times_are_utc_and_session_minus_one_is_none(place) -> None:
    in_session = AMPLITUDE | {"$insert_id": "i-2", "session_id": 1777636800000, "groups": {}}
    outcome = place.land("amplitude.json.gz", packed(AMPLITUDE, in_session))
    assert loaded(outcome)["loaded"] == 2
    assert place.rows("usage_events", f"{SEEN}, session_id", "order by event_id") == [
        ("i-1", "report exported", "track", "u-1", "d-1", "acc-1", NOON,
         datetime(2026, 5, 1, 12, 0, 2), False, None),
        ("i-2", "report exported", "track", "u-1", "d-1", None, NOON,
         datetime(2026, 5, 1, 12, 0, 2), False, "1777636800000"),
    ]  # fmt: skip


def _mixpanel(number: int, **more: Any) -> dict[str, Any]:
    properties = {"time": 1777636800, "distinct_id": "u-1", "$user_id": "u-1", "$device_id": "d-1",
                  "$insert_id": f"m-{number}", "mp_processing_time_ms": 1777636803000,
                  "company_id": "acc-1"}  # fmt: skip
    return {"event": "report exported", "properties": properties | more}


def test_a_device_of_mixpanel_has_one_id_however_it_is_written(place) -> None:
    nobody = {"$user_id": None, "distinct_id": "$device:d-1"}
    joined = _mixpanel(3, **{"$anon_distinct_id": "$device:d-2"}) | {"event": "$identify"}
    rows = [_mixpanel(1, **nobody), _mixpanel(2, **nobody, **{"$device_id": None}), joined]
    place.land("mixpanel.jsonl", _ndjson(*rows))
    columns = "event_type, user_id, anonymous_id, previous_id"
    assert place.rows("usage_events", columns, "order by event_id") == [
        ("track", None, "d-1", None), ("track", None, "d-1", None),
        ("identify", "u-1", "d-1", "d-2"),
    ]  # fmt: skip


def test_mixpanel_reads_seconds_and_milliseconds_alike(place) -> None:
    text = _ndjson(_mixpanel(1), _mixpanel(2, time=1777636800000), _mixpanel(1, time=1777636800))
    outcome = place.land("mixpanel.jsonl", text)
    assert loaded(outcome) == {"in": 3, "loaded": 2, "duplicate": 1, "quarantined": 0}
    received = datetime(2026, 5, 1, 12, 0, 3)
    assert place.rows("usage_events", SEEN, "order by event_id") == [
        (f"m-{n}", "report exported", "track", "u-1", "d-1", "acc-1", NOON, received, False)
        for n in (1, 2)
    ]


def test_mixpanel_events_that_do_not_tell_when_they_were_received(place) -> None:
    old = _mixpanel(1)
    del old["properties"]["mp_processing_time_ms"]
    place.land("m.jsonl", _ndjson(old))
    assert place.rows("usage_events", "occurred_at, received_at, is_clock_skewed") == [
        (NOON, NOON, False)
    ]


def test_mixpanel_writes_groups_as_lists_of_one(place) -> None:
    groups = ["acc-1", ["acc-2"], [3], ["acc-4", "acc-5"], None]
    place.land("m.jsonl", _ndjson(*(_mixpanel(n, company_id=g) for n, g in enumerate(groups))))
    assert place.rows("usage_events", "group_id", "order by event_id") == [
        ("acc-1",), ("acc-2",), ("3",), (None,), (None,),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (_mixpanel(3, **{"$insert_id": None}), "missing_event_id"),
        (_mixpanel(4, time="soon", mp_processing_time_ms=None), "bad_occurred_at"),
        (AMPLITUDE | {"event_time": "01/05/2026"}, "bad_occurred_at"),
        (RUDDER | {"userId": None, "anonymousId": None, "groupId": None}, "no_actor"),
        (_posthog("", "$pageview"), "missing_event_id"),
    ],
    ids=["no_id", "no_time", "other_time", "nobody", "empty_id"],
)
def test_what_can_not_be_used_is_set_aside_with_its_line(place, row, reason) -> None:
    place.land("bad.jsonl", lines(row))
    assert [(line, why) for _, line, why, _ in place.quarantine()] == [(1, reason)]
