"""dbt says what its log takes, and makes nothing of the rest."""

from __future__ import annotations

import io
from typing import Any

import pytest

from orchestration.lib.dbt_program import _say_only_what_is_heard

BY_ITSELF = 'Executing "by itself"'


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What dbt's log takes of one event of each kind, if it takes this level and above."""
    from dbt_common.events.base_types import EventLevel
    from dbt_common.events.event_manager import EventManager
    from dbt_common.events.logger import LoggerConfig
    from dbt_common.events.types import Note, SystemExecutingCmd

    monkeypatch.setattr(EventManager, "fire_event", EventManager.fire_event)
    _say_only_what_is_heard()
    _say_only_what_is_heard()

    def said(level: str) -> tuple[list[str], list[str]]:
        manager, log, made = EventManager(), io.StringIO(), []
        config = LoggerConfig(f"test-{level}", level=EventLevel(level), output_stream=log)
        manager.add_logger(config)
        manager.add_callback(lambda msg: made.append(msg.info.msg))
        manager.fire_event(Note(msg="debug"), EventLevel.DEBUG)
        manager.fire_event(SystemExecutingCmd(cmd=["by itself"]))
        for loud in ("info", "warn", "error"):
            manager.fire_event(Note(msg=loud), EventLevel(loud))
        return [line.split(maxsplit=1)[1] for line in log.getvalue().splitlines()], made

    return said


@pytest.mark.parametrize(("level", "quietest"), [("info", 0), ("warn", 1), ("error", 2)])
def test_nothing_is_made_of_debug_events_and_all_else_is_told(
    say: Any, level: str, quietest: int
) -> None:
    log, made = say(level)
    assert log == ["info", "warn", "error"][quietest:]
    assert made == ["info", "warn", "error"]


def test_a_log_that_takes_debug_events_gets_them(say: Any) -> None:
    log, made = say("debug")
    assert log == made == ["debug", BY_ITSELF, "info", "warn", "error"]
