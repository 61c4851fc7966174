"""The program that builds start instead of `dbt`: dbt with the parse of the project that is there.

Belongs here: handing the parse over. Does not belong here: making it (`manifest.py`), what dbt is
told to do (`build.py`).

By itself dbt parses the project anew for every other warehouse file, which takes a third of a
small company's build, and looks through all files for changes at each start.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from orchestration.lib.manifest import parsed_path

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest


def main() -> None:
    """Runs dbt with the words of the command line and ends with dbt's own exit code."""
    from dbt.cli.main import dbtRunner

    done = dbtRunner(manifest=read_parse()).invoke(sys.argv[1:])
    raise SystemExit(0 if done.success else 2 if done.exception else 1)


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


if __name__ == "__main__":
    main()
