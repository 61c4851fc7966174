"""The record of published figures: what is new is told once, whatever is killed in between."""

from __future__ import annotations

import datetime as dt
import errno
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from ingest.build_inputs import PUBLISHED_VALUES, read_record, record_files
from ingest.store import LakeError
from orchestration.lib import publish as publishing
from orchestration.lib.published_values import TRACKED, fold, remember

DAY = dt.date(2026, 5, 5)
RECORD = SimpleNamespace(tables={})


@pytest.fixture
def workspace(tmp_path: Path) -> Any:
    return SimpleNamespace(published=tmp_path / "published")


def point_to(workspace: Any, build_id: str, second: int, **figures: int) -> None:
    """A published build whose marts say `figures` of one day, made current."""
    folder = workspace.published / build_id
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(f'{{"published_at": "2026-05-06 00:00:{second:02}"}}')
    with duckdb.connect(str(folder / "productops.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.row_ledger__batch as select 'loaded' as status, "
            "timestamp '2026-05-05 23:00:00' as loaded_at"
        )
        for kind in TRACKED:
            columns = ", ".join(f"{figures.get(m, 0)} as {m}" for m in kind.metrics)
            connection.execute(
                f"create table marts.{kind.mart} as select date '{DAY}' as {kind.day}, "
                f"segment as {kind.segment}, {columns}, true as is_complete, "
                "1 as definition_version from (values ('all'), ('pro')) as segments (segment)"
            )
    link = workspace.published / "current"
    link.unlink(missing_ok=True)
    link.symlink_to(build_id)


def told(path: Path | None) -> dict[str, float]:
    assert path is not None
    table = pq.read_table(path)
    assert table.schema.names == list(PUBLISHED_VALUES)
    assert set(table["segment"].to_pylist()) == {"all"}
    return dict(zip(table["metric"].to_pylist(), table["published_value"].to_pylist(), strict=True))


def test_only_what_differs_is_told_again(workspace: Any) -> None:
    point_to(workspace, "a", 1, dau_count=3)
    assert told(remember(workspace)) == {
        "dau_count": 3, "wau_count": 0, "mau28_count": 0, "created_count": 0, "backlog_count": 0,
    }  # fmt: skip
    point_to(workspace, "b", 2, dau_count=4, backlog_count=2)
    assert told(remember(workspace)) == {"dau_count": 4, "backlog_count": 2}
    point_to(workspace, "c", 3, dau_count=3, backlog_count=2)
    assert told(remember(workspace)) == {"dau_count": 3}


def test_a_build_is_told_once(workspace: Any) -> None:
    point_to(workspace, "a", 1)
    path = remember(workspace)
    assert path is not None
    before = path.read_bytes()
    assert remember(workspace) is None
    assert path.read_bytes() == before


def test_a_record_that_a_kill_prevented_is_made_up_for(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(workspace, "a", 1, dau_count=3)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ingest.store.os.replace", die)
        with pytest.raises(KeyboardInterrupt):
            remember(workspace)
    assert list((workspace.published / "record").glob("*")) == []
    assert told(remember(workspace))["dau_count"] == 3


def test_nothing_published_is_nothing_told(workspace: Any) -> None:
    workspace.published.mkdir()
    assert remember(workspace) is None
    (workspace.published / "current").symlink_to("gone")
    assert remember(workspace) is None


@pytest.mark.parametrize("content", [b"", b"PAR1 and nothing more"])
def test_a_damaged_file_of_the_record_is_named_with_its_remedy(
    workspace: Any, content: bytes
) -> None:
    point_to(workspace, "a", 1)
    path = remember(workspace)
    assert path is not None
    path.write_bytes(content)
    point_to(workspace, "b", 2, dau_count=1)
    with pytest.raises(LakeError, match=r"a\.parquet.*backup.*move it"):
        remember(workspace)
    path.unlink()
    assert told(remember(workspace))["dau_count"] == 1


@pytest.mark.parametrize("harm", [
    "alter table marts.active_users__daily drop column mau28_count",
    "drop table marts.active_users__daily",
])  # fmt: skip
def test_a_build_that_lacks_a_figure_tells_the_others(workspace: Any, harm: str) -> None:
    point_to(workspace, "a", 1, backlog_count=2)
    with duckdb.connect(str(workspace.published / "a" / "productops.duckdb")) as connection:
        connection.execute(harm)
        connection.execute("drop table marts.row_ledger__batch")
    assert told(remember(workspace)) == {"created_count": 0, "backlog_count": 2}


@pytest.mark.parametrize("name", ["productops.duckdb", "manifest.json"])
def test_a_damaged_build_keeps_nobody_out_and_is_told(
    workspace: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    point_to(workspace, "a", 1)
    (workspace.published / "a" / name).write_bytes(b"no such thing" * 1000)
    assert remember(workspace) is None
    assert "not recorded" in caplog.text


def test_a_record_that_can_not_be_written_undoes_no_publication(
    workspace: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The old build is pruned, readers see the new one, and the next run records it."""
    point_to(workspace, "a", 1)
    point_to(workspace, "b", 2, dau_count=3)
    (workspace.published / "current").unlink()
    (workspace.published / "current").symlink_to("a")
    assert remember(workspace) is not None
    seen = []
    monkeypatch.setattr(publishing, "_require", lambda *_: (SimpleNamespace(build_id="b"), RECORD))
    monkeypatch.setattr(publishing, "_prune", lambda _: seen.append("pruned"))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.parquet.write_table", full)
        assert publishing.publish(workspace).is_new
    assert publishing.current_build(workspace) == "b"
    assert seen == ["pruned"]
    assert "No space left" in caplog.text
    assert told(remember(workspace)) == {"dau_count": 3}


def test_what_a_kill_left_untold_is_told_before_going_back(workspace: Any) -> None:
    point_to(workspace, "a", 1)
    assert remember(workspace) is not None
    point_to(workspace, "b", 2, dau_count=3)
    for name in ("a", "b"):
        manifest = {"build_id": name, "published_at": f"2026-05-06 00:00:0{'ab'.index(name) + 1}"}
        manifest |= {"as_of_at": "", "rows": {}, "warnings": 0}
        (workspace.published / name / "manifest.json").write_text(json.dumps(manifest))
    assert publishing.rollback(workspace).build_id == "a"
    assert told(workspace.published / "record" / "b.parquet") == {"dau_count": 3}
    assert remember(workspace) is None


def test_nothing_new_makes_no_file_and_is_not_looked_for_again(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(workspace, "a", 1)
    assert remember(workspace) is not None
    point_to(workspace, "b", 2)
    assert remember(workspace) is None
    assert record_files(workspace) == [workspace.published / "record" / "a.parquet"]
    with monkeypatch.context() as patch:
        patch.setattr("orchestration.lib.published_values._news", None)
        assert remember(workspace) is None


def rows(workspace: Any) -> list[tuple[Any, ...]]:
    return sorted(tuple(row.values()) for row in read_record(workspace).to_pylist())


def test_many_files_become_one_and_tell_the_same(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a kill leaves what was folded beside it: nothing is there twice."""
    monkeypatch.setattr("orchestration.lib.published_values.MOST_FILES", 2)
    for second, name in enumerate("abc"):
        point_to(workspace, name, second, dau_count=second)
        assert remember(workspace) is not None
    before = rows(workspace)
    assert len(before) == 5 + 1 + 1

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", die)
        with pytest.raises(KeyboardInterrupt):
            fold(workspace)
    assert len(record_files(workspace)) == 4
    assert rows(workspace) == before
    fold(workspace)
    assert [path.name for path in record_files(workspace)] == ["folded.parquet"]
    assert rows(workspace) == before
    (workspace.published / "record" / "noted.json").unlink()
    assert remember(workspace) is None
    point_to(workspace, "d", 9, dau_count=7)
    assert told(remember(workspace)) == {"dau_count": 7}
    assert len(rows(workspace)) == 8
