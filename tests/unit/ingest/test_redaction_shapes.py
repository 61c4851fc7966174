"""Numbers as people of many countries write them, and numbers that only look like those.

Real texts hold too few telephone numbers, cards and keys to measure by (`tests/realdata`): here
every way of writing stands in sentences, and as many things that must be left alone.
"""

from __future__ import annotations

import duckdb
import pytest

from ingest.privacy import install
from tests.unit.ingest.conftest import HASH_KEY

AFTER_A_CUE = (
    "Call me at {}", "my phone number is {}.", "Tel. {}", "Mobile: {} (evenings)", "fax {}",
    "Telefon: {}", "Handy {}", "ruf mich unter der Rufnummer {} an", "téléphone : {}",
    "mon portable {}", "Teléfono: {}", "mi móvil es {}", "Cellulare {}", "Telefoon: {}",
    "WhatsApp {}",
)  # fmt: skip
ALONE = ("{}", "Regards, Ann {}", "You reach us ({}) all day", "see\n{}\nplease")
NATIONAL = (
    "555-123-4567", "(212) 555-0199", "212.555.0199", "2125550199", "020 7946 0958", "07700 900123",
    "0170 1234567", "030/12345678", "089 - 12 34 56 78", "01 23 45 67 89", "06.12.34.56.78",
    "912 34 56 78", "06 1234 5678", "020-1234567", "03-1234-5678", "(02) 9876 5432", "0412 345 678",
    "11 91234-5678", "98765 43210",
)  # fmt: skip
FOREIGN = (
    "+1 212 555 0199", "+1-212-555-0199", "+12125550199", "+1 (212) 555-0199", "+44 20 7946 0958",
    "+44 (0)20 7946 0958", "+49 170 1234567", "+49 (0) 30 / 123 456 78", "+33 1 23 45 67 89",
    "+34 912 34 56 78", "+39 06 1234 5678", "+31 20 123 4567", "+81 3 1234 5678", "+91 98765 43210",
    "+61 412 345 678", "+55 11 91234-5678", "+353 1 234 5678", "0044 20 7946 0958",
    "0049 170 1234567",
)  # fmt: skip
CARDS = (
    "4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "5555555555554444",
    "2223003122003222", "378282246310005", "3782 822463 10005", "6011111111111117",
    "3530111333300000", "6212345678901232", "4222222222222 (old)",
)  # fmt: skip
IBANS = (
    "DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB29 NWBK 6016 1331 9268 19",
    "FR14 2004 1010 0505 0001 3M02 606", "ES91 2100 0418 4502 0005 1332", "NL91ABNA0417164300",
    "IT60 X054 2811 1010 0000 0123 456", "CH93 0076 2011 6238 5295 7", "NO93 8601 1117 947",
)  # fmt: skip
# Each with a place for three digits, so that none is a stroke of luck.
DECOYS = (
    "order 1004{}7788", "invoice INV-2024-{}553", "version 115.8.{}", "build 19045.{}",
    "on 2024-02-03",
    "at 2024-02-03 10:11:12.{}", "2024-02-03T10:11:12.{}Z", "in 1709223430{} ms", "ip 10.0.{}.17",
    "call 2024-02-03", "port 8080:{}", "$1,234,567.{}", "1.234.{},50 EUR", "52.520{}, 13.404954",
    "0x80070{}", "ISBN 978-3-16-148410-{}", "tracking 1Z999AA1012{}6784",
    "id {}e4567-e89b-12d3-a456",
    "sha 9f86d081884c7d659a2feaa0c55ad{}", "ticket #3600123{}", "bug 1874{}",
    "line 12{}345 of 99999",
    "1920x1080 @ {}", "rows 10 000 {}", "{} of 1 000 000", "ratio 16/9/{}", "ZIP 94103-1{}",
    "key-value sk-{}", "AKIA{} is short", "DE{} is a plate", "4111 1111 1111 1{}",
    "2024-01-01..2024-{}",
    "<3@10155{}>", "@team {}", "error (SSL_14094{}:SSL)", "C:\\\\temp\\\\2024{}\\\\x",
    "page 12-34-{}",
)  # fmt: skip


@pytest.fixture(scope="module")
def redacted():
    with duckdb.connect() as connection:
        install(connection, HASH_KEY)

        def many(texts: list[str]) -> list[str]:
            sql = "select redact(x) from (select unnest($1::varchar[]) as x)"
            return [row[0] for row in connection.execute(sql, [texts]).fetchall()]

        yield many


def _numbers(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _kept(redacted, frames: tuple[str, ...], values: tuple[str, ...]) -> list[str]:
    """Texts in which more than a scrap of the value is left."""
    texts = [frame.format(value) for frame in frames for value in values]
    return [
        text for text, found in zip(texts, redacted(texts), strict=True) if len(_numbers(found)) > 3
    ]


def test_numbers_after_a_cue(redacted, capsys) -> None:
    left = _kept(redacted, AFTER_A_CUE, NATIONAL + FOREIGN)
    total = len(AFTER_A_CUE) * len(NATIONAL + FOREIGN)
    with capsys.disabled():
        print(f"\nafter a cue: {total - len(left)} of {total} found")
    assert len(left) <= 0.01 * total, left


def test_foreign_numbers_need_no_cue(redacted) -> None:
    assert _kept(redacted, ALONE, FOREIGN) == []


@pytest.mark.parametrize("frame", [*ALONE, "card {} exp 12/9", '{{"card": "{}"}}'])
@pytest.mark.parametrize(("values", "word"), [(CARDS, "[card]"), (IBANS, "[iban]")])
def test_cards_and_accounts(redacted, frame, values, word) -> None:
    texts = [frame.format(value) for value in values]
    for text, found in zip(texts, redacted(texts), strict=True):
        assert word in found, text
        assert found.replace(word, "").count("1") <= frame.count("1"), text


def test_what_looks_like_a_number_stays(redacted, capsys) -> None:
    texts = [decoy.format(number) for decoy in DECOYS for number in range(123, 923, 40)]
    changed = [
        (text, found) for text, found in zip(texts, redacted(texts), strict=True) if text != found
    ]
    with capsys.disabled():
        print(f"\ndecoys damaged: {len(changed)} of {len(texts)}")
    assert len(changed) <= 0.02 * len(texts), changed
