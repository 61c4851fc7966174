"""Themes learned from coded texts: what is proposed, why, and how it is measured."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.themes.files import ThemesError, read_coded, read_texts
from analytics.themes.measure import Score, fold_of, measure
from analytics.themes.model import Coded, Model, learn, propose
from analytics.themes.words import grams
from orchestration.cli import main

WORDS = {
    "export": ("export", "exports", "exporting", "csv file"),
    "login": ("login", "single sign-on", "password"),
    "price": ("invoice", "too expensive"),
}
FILLER = ["we", "like", "it", "but", "every", "day", "our", "team", "has", "this", "again"]


def coded_texts(count: int = 240, seed: int = 1) -> list[Coded]:
    """Texts of which it is known why they have their themes: by the words that were put in."""
    chance = random.Random(seed)
    made = []
    for n in range(count):
        themes = {t for t in WORDS if chance.random() < 0.35}
        parts = [chance.choice(WORDS[t]) for t in sorted(themes)]
        parts += chance.choices(FILLER, k=chance.randint(3, 9))
        chance.shuffle(parts)
        made.append(Coded(" ".join([*parts, f"no{n}"]).capitalize(), frozenset(themes)))
    return made


@pytest.fixture(scope="module")
def model() -> Model:
    return learn(coded_texts())


def test_it_learns_the_words_that_were_put_in(model: Model) -> None:
    for theme, words in WORDS.items():
        assert set(model.strongest(theme, 2)) & {g for w in words for g in grams(w)}, theme
    assert sum(len(w) for w in model.weights) < 60, "few weights are the explanation"


def test_a_proposal_shows_its_words_where_they_stand(model: Model) -> None:
    text = "Über the EXPORTING of things: nobody\nknows"
    (found,) = propose(model, text)
    assert (found.theme, found.evidence, found.span) == ("export", "EXPORTING", (9, 18))
    assert text[slice(*found.span)] == found.evidence
    assert found.confidence > 0.5


@pytest.mark.parametrize("text", ["", " ", "...", "we like it", "\x00", "日本語", "EXPO"])
def test_words_that_say_nothing_get_no_theme(model: Model, text: str) -> None:
    assert propose(model, text) == []


def test_no_theme_without_evidence_even_where_nearly_everything_has_it() -> None:
    texts = [Coded(f"text {n}", frozenset({"all"} if n else ())) for n in range(60)]
    model = learn(texts)
    assert propose(model, "something else") == []
    assert all(propose(model, t.text) == [] or "all" in t.themes for t in texts)


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_has_grams_at_their_places(text: str) -> None:
    for gram, (start, end) in grams(text).items():
        assert 0 <= start < end <= len(text)
        shown = " ".join(grams(text[start:end]))
        assert gram.rstrip("*").split(" ")[0] in shown


@given(st.lists(st.sampled_from([w for ws in WORDS.values() for w in ws] + FILLER), max_size=12))
@settings(max_examples=100, deadline=None)
def test_any_proposal_has_evidence_in_the_text(words: list[str]) -> None:
    model = _LEARNED
    text = ", ".join(words)
    for p in propose(model, text):
        assert p.evidence
        assert text[slice(*p.span)] == p.evidence
        assert 0.4 <= p.confidence <= 1
        weights = model.weights[model.themes.index(p.theme)]
        assert max(weights.get(g, 0) for g in grams(text)) == max(
            weights.get(g, 0) for g, span in grams(text).items() if span == p.span
        )


_LEARNED = learn(coded_texts(120))


def test_the_order_of_texts_is_of_no_account(model: Model) -> None:
    texts = coded_texts()
    random.Random(9).shuffle(texts)
    assert learn(texts) == model


def test_a_rare_theme_is_not_learned_and_too_little_is_said() -> None:
    texts = [Coded(f"a{n} b", frozenset({"x"} if n < 19 else ())) for n in range(90)]
    with pytest.raises(ValueError, match="no theme can be learned from 90 texts"):
        learn(texts)
    with pytest.raises(ValueError, match="no theme has 20 coded texts"):
        measure(texts)
    with pytest.raises(ValueError, match="from 0 texts"):
        learn([])


# ---- measuring


def test_scores_by_hand() -> None:
    score = Score(right=3, said=4, wanted=6)
    assert (score.precision, score.recall, score.f1) == (0.75, 0.5, 0.6)
    assert (Score(0, 0, 5).precision, Score(0, 0, 5).f1) == (None, 0.0)
    assert Score(0, 0, 0).f1 is None


def test_measured_on_texts_with_known_reasons() -> None:
    found = measure(coded_texts())
    model, keywords, commonest = (found.scores[w]["all"] for w in found.scores)
    assert model.f1 > 0.95
    assert keywords.f1 > 0.9
    assert commonest.f1 < 0.5
    assert model.wanted == sum(len(c.themes) for c in coded_texts())
    assert model.right == sum(found.scores["model"][t].right for t in found.themes)


def test_codes_that_mean_nothing_are_not_learned() -> None:
    """With themes dealt out anew, nothing but chance is left to find."""
    texts = coded_texts()
    dealt = [c.themes for c in texts]
    random.Random(2).shuffle(dealt)
    found = measure(Coded(c.text, t) for c, t in zip(texts, dealt, strict=True))
    assert found.scores["model"]["all"].f1 < 0.45


def test_the_same_answer_is_never_learned_from_and_judged_by() -> None:
    assert fold_of("Export  FAILS") == fold_of("export fails\n")
    folds = [fold_of(c.text) for c in coded_texts(500)]
    assert all(folds.count(n) > 60 for n in range(5))


# ---- files and commands


def write(path: Path, texts: list[Coded]) -> Path:
    rows = [f'"{c.text}",{"; ".join(sorted(c.themes))}' for c in texts]
    path.write_text("\n".join(["text,themes", *rows]), encoding="utf-8-sig")
    return path


def test_the_commands_measure_and_propose(tmp_path: Path) -> None:
    coded = write(tmp_path / "coded.csv", coded_texts())
    told = CliRunner().invoke(main, ["themes", "measure", str(coded)])
    assert told.exit_code == 0
    assert "| all | " in told.output
    assert "login: " in told.output
    texts = tmp_path / "new.csv"
    texts.write_text('id,text\nn1,"Single sign-on,\nplease"\nn2,Hello\n')
    told = CliRunner().invoke(main, ["themes", "propose", str(coded), str(texts)])
    assert told.exit_code == 0
    head, *rows = told.output.splitlines()
    assert head == "text_id,theme,confidence,evidence,evidence_start,evidence_end"
    assert len(rows) == 1
    assert rows[0].startswith("n1,login,")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"text;themes\na;b\n", "no column text and themes"),
        (b"", "no column text and themes"),
        (b"text,themes\na,\n", "no text has a theme"),
        (b"text,themes\n\xff\xfe,x\n", "can't be read"),
        (b"text,themes\nshort,x\n", "no theme has 20"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_plainly(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "coded.csv"
    path.write_bytes(content)
    told = CliRunner().invoke(main, ["themes", "measure", str(path)])
    assert told.exit_code == 1
    assert said in told.output
    assert "Traceback" not in told.output


def test_rows_without_an_id_are_numbered_and_short_rows_are_empty(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,text\n,a\nx\n")
    assert read_texts(path) == [("1", "a"), ("x", "")]
    with pytest.raises(ThemesError, match="no column themes"):
        read_coded(path)
