"""One vendor value in, one typed value out: times, money, numbers, addresses.

Truths here are written down by hand or come from Python's own datetime, hmac and decimal.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import duckdb
import pytest

from ingest.contracts import load_contracts
from ingest.fields import FieldMap, MappingError, parse_clock, parse_field
from ingest.mapping import compile_mapping
from ingest.privacy import email_key, install

KEY = "a hash key of more than sixteen characters"
FACTS = {
    "source": "shop",
    "file_date": "2026-05-01",
    "born_on": "2026-01-01",
    "latest_at": "2026-07-01 00:00:00",
}


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    install(connection, KEY)
    return connection


def read(connection, contract: str, column: str, spec: object, *, zone: str | None = None, **raw):
    """Value and reason of one column of one record."""
    field = parse_field(column, spec)
    mapping = FieldMap(contract, {column: field}, zone=zone)
    compiled = compile_mapping(mapping, load_contracts()[contract], FACTS)
    values = ", ".join(f"$v_{key} as {key}" for key in raw)
    relation = f"(select {values}, NULL::varchar as r_extra)"
    sql = f"select {column}, _reason from ({compiled.select(relation, repr('k'))})"
    return connection.execute(sql, {f"v_{key}": value for key, value in raw.items()}).fetchone()


TIMES = [
    "2026-05-01T10:00:00Z",
    "2026-05-01T10:00:00.123Z",
    "2026-05-01T10:00:00+02:00",
    "2026-05-01T10:00:00-07:00",
    "2026-05-01T10:00:00+0530",
    "2026-05-01T10:00:00.5-03:30",
    "2026-05-01 10:00:00+00",
    "2026-05-01T23:30:00-05",
]


@pytest.mark.parametrize("zone", [None, "America/New_York"])
@pytest.mark.parametrize("text", TIMES)
def test_a_time_with_an_offset_is_brought_to_utc(connection, text, zone) -> None:
    truth = datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
    assert read(connection, "tickets", "created_at", "t", zone=zone, t=text)[0] == truth


@pytest.mark.parametrize("text", ["2026-05-01 10:00:00", "2026-12-01T10:00:00", "2026-05-01"])
def test_a_time_without_offset_is_local_time_of_the_zone(connection, text) -> None:
    naive = datetime.fromisoformat(text)
    truth = naive.replace(tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)
    value, _ = read(connection, "tickets", "created_at", "t", zone="America/New_York", t=text)
    assert value == truth.replace(tzinfo=None)
    assert read(connection, "tickets", "created_at", "t", t=text)[0] == naive


def test_utc_written_as_a_word(connection) -> None:
    truth = datetime(2026, 5, 1, 10)
    for text in ("2026-05-01 10:00:00 UTC", "2026-05-01 10:00:00 GMT"):
        value, _ = read(connection, "tickets", "created_at", "t", zone="Asia/Tokyo", t=text)
        assert value == truth


@pytest.mark.parametrize(
    "text", ["NaN", "infinity", "-infinity", "epoch", "now", "2026-02-30", "05/01/2026", "0"]
)
def test_words_and_impossible_days_are_no_times(connection, text) -> None:
    assert read(connection, "tickets", "created_at", "t", t=text) == (None, "bad_created_at")
    assert read(connection, "tool_spend", "spent_on", "t", t=text)[0] is None


@pytest.mark.parametrize(
    "text", ["5/1/26", "01-05-26", "26-05-01", "0026-05-01", "12026-05-01", "26-05-01T10:00:00Z"]
)
def test_a_year_of_two_digits_is_none_of_antiquity(connection, text) -> None:
    for zone in (None, "Europe/Berlin"):
        found = read(connection, "tickets", "created_at", "t", zone=zone, t=text)
        assert found == (None, "bad_created_at")
    assert read(connection, "tool_spend", "spent_on", "t", t=text) == (None, "bad_spent_on")


def test_a_style_says_how_many_digits_a_year_has(connection) -> None:
    for style, truth in (("%d.%m.%Y", None), ("%d.%m.%y", datetime(2026, 5, 1))):
        for column, contract in (("created_at", "tickets"), ("spent_on", "tool_spend")):
            value, _ = read(connection, contract, column, {"path": "t", "format": style},
                            t="01.05.26")  # fmt: skip
            assert value == (truth.date() if truth and column == "spent_on" else truth)


@pytest.mark.parametrize("word", ["PST", "CEST", "America/New_York", "PM"])
def test_a_word_after_a_time_is_not_dropped_in_silence(connection, word) -> None:
    text = f"2026-05-01 10:00:00 {word}"
    assert read(connection, "tickets", "created_at", "t", zone="Europe/Berlin", t=text) == (
        None, "bad_created_at",
    )  # fmt: skip


def test_a_style_with_and_without_offset(connection) -> None:
    styled = {"path": "t", "format": "%d.%m.%Y %H:%M"}
    value, _ = read(connection, "tickets", "created_at", styled, zone="Europe/Berlin",
                    t="01.05.2026 10:00")  # fmt: skip
    assert value == datetime(2026, 5, 1, 8)
    styled = {"path": "t", "format": "%d/%b/%Y:%H:%M:%S %z"}
    value, _ = read(connection, "tickets", "created_at", styled, zone="Europe/Berlin",
                    t="01/May/2026:10:00:00 -0400")  # fmt: skip
    assert value == datetime(2026, 5, 1, 14)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "USD", 1250),
        ("$1,234.56", "USD", 123456),
        ("1.234,56 €", "EUR", 123456),
        ("12,5", "EUR", 1250),
        ("1,234", "USD", 123400),
        ("1.234.567,8", "EUR", 123456780),
        ("(99.99)", "USD", -9999),
        ("-3", "GBP", -300),
        ("1500", "JPY", 1500),
        ("1e3", "USD", 100000),
        ("0.005", "USD", 1),
        ("free", "USD", None),
        ("1.2.3", "USD", None),
        ("99999999999999999999", "USD", None),
    ],
)
def test_money_comes_in_minor_units(connection, text, currency, minor) -> None:
    spec = {"path": "a", "as": "money", "currency": "c"}
    value, reason = read(connection, "tool_spend", "amount_minor", spec, a=text, c=currency)
    assert value == minor
    if minor is None:
        assert reason == "bad_amount_minor"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7), ("7.0", 7), ("9223372036854775807", 2**63 - 1), ("9223372036854775808", None),
        ("7.5", None), ("1e999", None), ("NaN", None), ("seven", None),
    ],
)  # fmt: skip
def test_whole_numbers_beyond_64_bits_are_bad_not_wrong(connection, text, number) -> None:
    assert read(connection, "accounts", "paid_seat_count", "n", n=text)[0] == number


@pytest.mark.parametrize(
    "address", ["Ada@Example.test", "  ada@example.test ", "mailto:ada@example.test",
                " MAILTO:ADA@EXAMPLE.TEST"],
)  # fmt: skip
def test_every_spelling_of_an_address_is_one_key_and_pythons_hmac_agrees(
    connection, address
) -> None:
    truth = hmac.new(KEY.encode(), b"ada@example.test", hashlib.sha256).hexdigest()
    value, _ = read(connection, "identities", "email_key", {"path": "e", "as": "email_key"},
                    e=address)  # fmt: skip
    assert value == email_key(address, KEY) == truth
    assert email_key(address, KEY + "x") != truth


def test_what_is_no_address_has_no_key(connection) -> None:
    spec = {"path": "e", "as": "email_key"}
    for text in ("ada", "ada@host", "a b@c.test", "@x.test", ""):
        assert read(connection, "identities", "email_key", spec, e=text)[0] is None


@pytest.mark.parametrize(
    ("text", "is_nested"),
    [
        ('{"id": "u"}', True), ('{"id":"u"}', True), ('["u-1"]', True),
        ('{"id":1,"email":"a@b.test"}', True), ('[{"id":1}]', True),
        # Ids in braces, and words that somebody put into brackets.
        ("{6F9619FF-8B86-D011-B42D-00CF4FC964FF}", False), ("[Amplitude] Page Viewed", False),
        ("[deleted]", False), ("u-1", False), ("zoë", False), ("|", False), ("Ünal", False),
    ],
)  # fmt: skip
def test_an_object_where_a_word_stood_is_set_aside_and_not_taken_for_one(
    connection, text, is_nested
) -> None:
    for contract, column in (("usage_events", "user_id"), ("tickets", "requester_ref"),
                             ("tickets", "ticket_id")):  # fmt: skip
        value, reason = read(connection, contract, column, "t", t=text)
        assert (reason == f"bad_{column}") == is_nested
        # Words with a space where a vendor's id should stand are a name.
        is_name = column == "requester_ref" and " " in text and not is_nested
        assert (value == text) == (not is_name)
    # Prose may begin so.
    assert "bad" not in read(connection, "tickets", "subject", "t", t=text)[1]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>&Uuml;bung f&uuml;r 5&nbsp;&euro; &#8211; caf&#xE9; it&rsquo;s</p>",
         "Übung für 5 € \u2013 café it\u2019s"),
        ("a &amp;lt;b&amp;gt; &lt;i&gt; &amp;amp;", "a &lt;b&gt; <i> &amp;"),
        ("A&T; &#0; &#55296; &#9999999; &no; R&D", "A&T; &#0; &#55296; &#9999999; &no; R&D"),
        ("<style>p {color: red}</style>Hi<!-- [if mso]>x<![endif] --><SCRIPT>\nx()</SCRIPT> you",
         "Hi you"),
    ],
)  # fmt: skip
def test_characters_are_read_and_what_nobody_sees_is_not(connection, html, text) -> None:
    found = connection.execute("select plain_text($1)", [html]).fetchone()
    assert found == (text,)


def test_html_becomes_text(connection) -> None:
    spec = {"path": "b", "as": "html"}
    body = "<p>Tom &amp; Ann</p><div>&lt;3<br>new&nbsp;line</div>"
    value, _ = read(connection, "feedback_notes", "body", spec, b=body)
    assert value == "Tom & Ann\n<3\nnew line"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"path": "x", "as": "nonsense"}, "unknown parser 'nonsense'"),
        ({"path": "x", "zone": "Mars/Phobos"}, "no IANA time zone"),
        ({"path": "x", "as": "match", "format": "("}, "no regular expression"),
        ({"path": "/(/"}, "no regular expression"),
        ({"paht": "x"}, "unknown word paht"),
        ({"path": 7}, "path must be"),
        ({"path": "x", "when": {"kind": "user"}}, "when must name paths"),
        (7, "expected a path"),
    ],
)
def test_a_field_that_can_not_be_used_says_why(spec, said) -> None:
    with pytest.raises(MappingError, match="field status") as caught:
        parse_field("status", spec)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        *((word, True) for word in ("true", "TRUE", "t", "Yes", "y", "1", "active", " Enabled ")),
        *((word, False) for word in ("false", "F", "NO", "n", "0", "inactive", "disabled")),
        *((word, None) for word in ("", " ", "trues", "yes no", "t\n", "2", "ye\u017f", None)),
    ],
)  # fmt: skip
def test_words_of_yes_and_no(connection, text, truth) -> None:
    value, reason = read(connection, "usage_events", "is_active", "t", t=text)
    assert value is truth
    is_unread = truth is None and (text or "").strip(" ") != ""
    assert (reason == "bad_is_active") is is_unread


@pytest.mark.parametrize("space", ["", " ", "  "])
@pytest.mark.parametrize("parser", ["timestamp", "epoch"])
def test_spaces_around_a_clocks_times_do_not_matter(connection, space, parser) -> None:
    word = {"timestamp": "2026-05-01T10:00:00Z", "epoch": "1777629600"}[parser]
    clock = parse_clock({"timestamp": "t", "received": "t", "parser": parser})
    mapping = FieldMap("usage_events", {}, clock=clock)
    compiled = compile_mapping(mapping, load_contracts()["usage_events"], FACTS)
    for text, truth in ((word, datetime(2026, 5, 1, 10)), ("", None), ("epoch", None)):
        relation = "(select $1 as t, NULL::varchar as r_extra)"
        sql = f"select occurred_at, received_at, _reason from ({compiled.select(relation, '$1')})"
        happened, received, why = connection.execute(sql, [f"{space}{text}{space}"]).fetchone()
        assert (happened, received) == (truth, truth)
        assert (why == "bad_occurred_at") is (text == "epoch")


def test_a_clock_that_can_not_be_used_says_why() -> None:
    for spec in ({"timestmap": "t"}, {"timestamp": "t", "parser": "sundial"},
                 {"timestamp": "t", "zone": "Mars/Phobos"}):  # fmt: skip
        with pytest.raises(MappingError):
            parse_clock(spec)
