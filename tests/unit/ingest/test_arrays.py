"""Events in one JSON array instead of on lines: the same rows, and no more memory."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.arrays import as_lines, first_elements
from ingest.erasures import Withheld
from ingest.formats import load_formats
from ingest.scrub import scrub
from tests.unit.ingest.conftest import event, lines, loaded, rejected
from tests.unit.ingest.test_formats_events import AMPLITUDE, _mixpanel, _posthog

LINE_EACH = "[\n" + ",\n".join(json.dumps(event(n)) for n in range(3)) + "\n]\n"
COMMAS_FIRST = "[" + "\n,".join(json.dumps(event(n)) for n in range(3)) + "]"


@pytest.mark.parametrize(
    "text",
    [json.dumps([event(n) for n in range(3)]), LINE_EACH, COMMAS_FIRST,
     "\ufeff" + json.dumps([event(n) for n in range(3)], indent=2).replace("\n", "\r\n")],
    ids=["one line", "a line each", "commas first", "indented"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["e.json", "e.json.gz"])
def test_an_array_gives_the_rows_of_its_lines(place, text, name) -> None:
    raw = text.encode()
    outcome = place.land(name, gzip.compress(raw) if name.endswith("gz") else raw)
    assert outcome.format == "segment"
    assert loaded(outcome) == {"in": 3, "loaded": 3, "duplicate": 0, "quarantined": 0}
    columns = "event_id, properties, source_line"
    assert place.rows("usage_events", columns, "order by all") == [
        (f"m-{n}", f'{{"rows":{n}}}', n + 1) for n in range(3)
    ]
    again = place.land("lines.json", lines(*map(event, range(4))))
    assert loaded(again) == {"in": 4, "loaded": 1, "duplicate": 3, "quarantined": 0}


@pytest.mark.parametrize(
    ("record", "known"),
    [(_posthog("p-1", "x"), "posthog"), (AMPLITUDE, "amplitude"), (_mixpanel(1), "mixpanel")],
)
def test_every_vendor_of_events(place, record, known) -> None:
    outcome = place.land("one.json", json.dumps([record]))
    assert outcome.format == known
    assert loaded(outcome)["loaded"] == 1


def test_an_array_that_lacks_a_name_is_told_of_what_it_is_nearest(place) -> None:
    text = json.dumps([{k: v for k, v in event(1).items() if k != "receivedAt"}])
    rejected(place.land("e.json", text), "unknown_format", "segment (missing: receivedAt)")


def test_a_mapping_of_the_company(make_place) -> None:
    place = make_place("""sources:
  - name: shop
    files: "shop/*.json"
    contract: usage_events
    reader: {kind: ndjson}
    clock: {timestamp: at, received: at}
    fields: {event_id: id, event_name: what, event_type: {const: track}, user_id: who}
""")
    sold = [{"id": n, "what": "Sold", "who": f"u{n}", "at": "2026-05-01T10:00:00Z"} for n in (1, 2)]
    assert loaded(place.land("shop/may.json", json.dumps(sold, indent=1)))["loaded"] == 2


def test_an_element_that_is_bad_is_set_aside_with_its_place(place) -> None:
    raw = json.dumps([event(0), 7, event(2, messageId=""), event(3, event="caf\xe9")], indent=1,
                     ensure_ascii=False).encode("latin-1")  # fmt: skip
    assert loaded(place.land("e.json", raw)) == {
        "in": 4, "loaded": 1, "duplicate": 0, "quarantined": 3,
    }  # fmt: skip
    assert [row[1:3] for row in place.quarantine()] == [
        (2, "not_an_object"), (3, "missing_event_id"), (4, "invalid_utf8"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(lambda text: text[: len(text) // 2], "element 2 of the array"),
     (lambda text: text[:-1], "element 3 of the array: no comma follows it"),
     (lambda text: text[:-1] + ",]", "element 4 of the array: Expecting value"),
     (lambda text: text[:-1] + ", {}" * 50 + "]]", "more follows the end"),
     (lambda text: text[:-1] + ', {"a": ' + "[" * 10_000 + "]" * 10_000 + "}]", "too deeply")],
)  # fmt: skip
def test_an_array_that_is_cut_off_or_no_json_is_refused_whole(place, spoil, words) -> None:
    text = spoil(json.dumps([event(n) for n in range(3)], indent=1))
    rejected(place.land("e.json", text), "malformed_json", words, "jq -c '.[]'")
    assert place.rows("usage_events") == []


@pytest.mark.parametrize("text", [f"[\n{lines(event(1), event(2))}]\n",
                                  f"[{json.dumps(event(0))}\n{lines(event(1), event(2))}",
                                  f"[{{}}, {{}}]\n{lines(event(1), event(2))}"])  # fmt: skip
def test_lines_stay_lines_whatever_stands_before_them(place, text) -> None:
    assert loaded(place.land("e.json", text))["loaded"] == 2


def test_who_is_erased_is_taken_out_of_the_raw_array(tmp_path) -> None:
    raw = tmp_path / "e.json"
    raw.write_text(json.dumps([event(n) for n in range(3)], indent=1))
    segment = next(known for known in load_formats() if known.name == "segment")
    gone = [Withheld(frozenset({2}))] + [Withheld(frozenset())] * (len(segment.parts) - 1)
    assert scrub(raw, segment, gone)
    kept = [json.loads(line) if line else None for line in raw.read_text().splitlines()]
    assert kept == [event(0), None, event(2)]


values = st.recursive(
    st.none() | st.integers() | st.text() | st.sampled_from(['],[{"', "\\", "\n"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.dictionaries(st.text(), values, max_size=3), min_size=1, max_size=6),
    st.sampled_from([None, 0, 3]), st.booleans(), st.integers(2, 40), st.integers(3, 40),
)  # fmt: skip
def test_however_it_is_written_and_wherever_blocks_end(rows, indent, is_ascii, size, head) -> None:
    text = f" {json.dumps(rows, indent=indent, ensure_ascii=is_ascii)}\n \n"
    raw = text.encode(errors="surrogatepass")
    _, end = json.JSONDecoder().raw_decode(text, text.index("{"))
    with pytest.MonkeyPatch.context() as patch:
        begin = len(text[:end].encode(errors="surrogatepass"))
        patch.setattr("ingest.arrays._HEAD_BYTES", begin + head)
        blocks = (raw[begin : begin + size] for begin in range(0, len(raw), size))
        found = b"".join(as_lines(blocks))
    written = found.decode(errors="surrogatepass").removesuffix("\n").split("\n")
    assert [json.loads(line) for line in written] == rows


def test_the_first_elements_and_no_more() -> None:
    assert first_elements('[{"a": 1}, {"b": 2}, {"c"', 5) == [{"a": 1}, {"b": 2}]
    assert first_elements('[{"a": 1}, {"b": 2}]', 1) == [{"a": 1}]
    assert first_elements('[1, {"b": 2}]', 5) == []
    assert first_elements("[]", 5) == []
