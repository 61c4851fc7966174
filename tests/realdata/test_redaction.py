"""How much of what people write in support forums is found, held against labels set by hand.

`redaction_labels.jsonl` holds for 224 texts where a person saw an address, a number or an id: file,
record, digest and spans of the text as it is landed, never the text. 149 texts were taken because
they hold an @, a long number or a word before a number, 75 by the digest of their place.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from ingest.privacy import install
from ingest.redaction import KINDS

LABELS = Path(__file__).with_name("redaction_labels.jsonl")
pytestmark = pytest.mark.realdata


def _spans(text: str, redacted: str) -> list[tuple[int, int, str]]:
    """What was replaced: the pieces that stayed stand in the text in the same order."""
    pieces = re.split(rf"\[({'|'.join(KINDS)})\]", redacted)
    pattern = "(.+?)".join(re.escape(piece) for piece in pieces[::2])
    found = re.fullmatch(pattern, text, re.DOTALL)
    assert found, redacted
    return [(*found.span(n + 1), kind) for n, kind in enumerate(pieces[1::2])]


@pytest.fixture(scope="module")
def texts(request) -> list[tuple[str, str, list[list]]]:
    """Text, redacted text and labels of each."""
    folder = request.getfixturevalue("realdata") / "support"
    tables: dict[str, dict[str, dict[str, str]]] = {}
    found = []
    with duckdb.connect() as connection:
        install(connection, "a hash key for tests alone")
        for line in LABELS.read_text().splitlines():
            label = json.loads(line)
            if label["file"] not in tables:
                with (folder / label["file"]).open(newline="", encoding="utf-8") as handle:
                    tables[label["file"]] = {row["id"]: row for row in csv.DictReader(handle)}
            raw = tables[label["file"]][label["id"]][label["column"]]
            text, redacted = connection.execute(
                "select t, redact(t) from (select plain_text(x) as t from (select $1 as x))", [raw]
            ).fetchone()
            assert hashlib.sha256(text.encode()).hexdigest()[:16] == label["sha256"], label["id"]
            found.append((text, redacted, label["spans"]))
    return found


def _count(texts) -> tuple[Counter, Counter, Counter, Counter]:
    labelled, hit, made, right = Counter(), Counter(), Counter(), Counter()
    for text, redacted, labels in texts:
        spans = _spans(text, redacted)
        for begin, end, kind in labels:
            labelled[kind] += 1
            hit[kind] += any(b < end and begin < e and k == kind for b, e, k in spans)
        for begin, end, kind in spans:
            made[kind] += 1
            right[kind] += any(b < end and begin < e and k == kind for b, e, k in labels)
    return labelled, hit, made, right


def test_what_was_labelled_is_found(texts, capsys) -> None:
    labelled, hit, made, right = _count(texts)
    with capsys.disabled():
        print(f"\n{len(texts)} texts, {sum(bool(labels) for *_, labels in texts)} with labels")
        print(f"{'kind':12} labelled  found  recall  replaced  right  precision")
        for kind in sorted(labelled | made):
            recall = f"{hit[kind] / labelled[kind]:.3f}" if labelled[kind] else "-"
            precision = f"{right[kind] / made[kind]:.3f}" if made[kind] else "-"
            print(f"{kind:12} {labelled[kind]:8} {hit[kind]:6} {recall:>7}"
                  f" {made[kind]:9} {right[kind]:6} {precision:>10}")  # fmt: skip
    assert len(texts) >= 200
    assert hit["email"] >= 0.98 * labelled["email"]
    assert right["email"] >= 0.98 * made["email"]
    assert right["phone"] >= made["phone"] - 1


def test_the_measure_would_see_a_miss(texts) -> None:
    blind = [(text, text, labels) for text, _, labels in texts]
    labelled, hit, made, _ = _count(blind)
    assert labelled["email"] > 50
    assert not hit.total()
    assert not made
