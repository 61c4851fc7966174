"""The program that builds start instead of `dbt`: dbt with the parse of the project that is there.

Belongs here: handing the parse over, dbt's work that nobody asks for. Does not belong here: making
the parse (`manifest.py`), what dbt is told to do (`build.py`).

By itself dbt parses the project anew for every other warehouse file, which takes a third of a
small company's build, and looks through all files for changes at each start. And it says ten times
as much as its log takes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from orchestration.lib.manifest import parsed_path

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest


def main() -> None:
    """Runs dbt with the words of the command line and ends with dbt's own exit code."""
    done = invoke(sys.argv[1:], read_parse())
    raise SystemExit(0 if done.success else 2 if done.exception else 1)


def invoke(words: Sequence[str], parse: Manifest | None) -> dbtRunnerResult:
    """Runs dbt in this process, without the work that its log never shows."""
    from dbt.cli.main import dbtRunner

    _say_only_what_is_heard()
    return dbtRunner(manifest=parse).invoke(list(words))


def read_parse() -> Manifest | None:
    """The parse of the project as it is now; None where there is none, so that dbt makes it."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    path = parsed_path()
    if path is None:
        return None
    manifest = Manifest.from_msgpack(path.read_bytes(), decoder=extended_mashumuro_decoder)
    # What models see as `graph`; it is not kept with the parse.
    manifest.build_flat_graph()
    return manifest


def _say_only_what_is_heard() -> None:
    """Drops dbt's debug events where no log takes them.

    dbt writes the line of every event and only then looks whether its level is wanted.
    """
    from dbt_common.events.base_types import BaseEvent, EventLevel
    from dbt_common.events.event_manager import EventManager

    fire = EventManager.fire_event
    if fire.__module__ == __name__:
        return

    def fire_event(
        self: EventManager, e: BaseEvent, level: EventLevel | None = None, *more: Any, **named: Any
    ) -> None:
        is_debug = (level or e.level_tag()) is EventLevel.DEBUG
        if not is_debug or any(logger.level is EventLevel.DEBUG for logger in self.loggers):
            fire(self, e, level, *more, **named)

    EventManager.fire_event = fire_event


if __name__ == "__main__":
    main()
