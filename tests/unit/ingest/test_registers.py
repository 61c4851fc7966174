"""The company's own registers, and that no two formats look the same."""

from __future__ import annotations

from datetime import date

from ingest.formats import load_formats


def test_registers_of_the_company(place) -> None:
    registry = place.home / "registry"
    (registry / "tools").mkdir(parents=True)
    (registry / "features.yml").write_text(
        "kind: features\nfeatures:\n  - {feature_id: export, name: no, released_on: 2026-02-01}\n"
    )
    (registry / "tools" / "figma.yml").write_text(
        "kind: tool\ntool: {tool_id: figma, name: Figma, vendor: Figma}\ncontracts:\n"
        "  - {contract_id: c1, starts_on: 2026-01-01, renews_on: 2027-01-01, currency: USD}\n"
    )
    place.run()
    # `no` is a name here, not false.
    assert place.rows("features", "feature_id, name, released_on") == [
        ("export", "no", date(2026, 2, 1))
    ]
    assert place.rows("tool_contracts", "contract_id, tool_id") == [("c1", "figma")]


def test_the_register_of_survey_questions(place) -> None:
    folder = place.home / "registry"
    folder.mkdir(exist_ok=True)
    (folder / "surveys.yml").write_text(
        "kind: surveys\nquestions:\n"
        "  - {survey_id: S, question_id: QID3, question_kind: CSAT, scale_min: 1, scale_max: 5}\n"
        "  - {survey_id: S, question_id: QID4, question_kind: ces, scale_min: 1}\n"
    )
    outcome = next(f for f in place.run().files if f.path.endswith("surveys.yml"))
    assert outcome.status == "loaded"
    columns = "survey_id, question_id, question_kind, scale_min, scale_max"
    assert place.rows("survey_questions", columns) == [("S", "QID3", "csat", 1.0, 5.0)]


def test_every_format_is_told_apart_from_all_others() -> None:
    for one in load_formats():
        for other in load_formats():
            if one.name < other.name and one.reader.kind == other.reader.kind:
                assert one.has != other.has
