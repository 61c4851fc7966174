"""Which deliveries a build may take in: those of sources whose exports pass the lake's gate.

Belongs here: the gate's verdict and the plan of the next build together. Does not belong here: the
gate itself (`gates.py`) and what a build has to do (`receipt.py`).

A bad delivery holds back what came from its source since then, whichever contract it is of: parts
of one export refer to each other, and later ones to earlier ones. All other sources are built and
published; what rests on the one that is held back ends where its last good delivery ended
(`data_through_at`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from ingest.ledger import read_batches
from ingest.settings import Workspace
from orchestration.lib import gates
from orchestration.lib.gates import GateRecord
from orchestration.lib.paths import PipelineError
from orchestration.lib.receipt import Plan, plan_build

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class HeldBack:
    """What is held back of one source."""

    source: str
    files: int
    rows: int
    contracts: tuple[str, ...]

    @property
    def words(self) -> str:
        """In one line."""
        contracts = ", ".join(self.contracts)
        return f"{self.source}: {self.files} files, {self.rows:,} rows of {contracts}"


def admit(workspace: Workspace, progress: Progress | None = None) -> tuple[GateRecord, Plan]:
    """Holds all that is new against the lake's gate; the plan is about what passed."""
    everything = plan_build(workspace)
    record = gates.gate_lake(workspace, everything, progress)
    if not record.held_back:
        return record, everything
    return record, plan_build(workspace, record.held_back)


def last_plan(workspace: Workspace) -> Plan:
    """The plan by the last verdict, without evaluating anything."""
    record = gates.last_lake_record(workspace)
    return plan_build(workspace, record.held_back if record else ())


def require_admitted(workspace: Workspace, plan: Plan) -> None:
    """Every batch that a plan adds must have passed, now.

    Raises:
        PipelineError: Naming the breaches.
    """
    record, _ = admit(workspace)
    if {batch.token for batch in plan.added} & set(record.held_back):
        raise PipelineError(gates.tell("What was delivered does not pass the gates.", record))


def held_back(workspace: Workspace, record: GateRecord | None) -> tuple[HeldBack, ...]:
    """What a verdict holds back, by source."""
    if record is None or not record.held_back:
        return ()
    tokens = set(record.held_back)
    mine = defaultdict(list)
    for batch in read_batches(workspace.lake):
        if batch.token in tokens:
            mine[batch.source].append(batch)
    return tuple(
        HeldBack(
            source,
            len({batch.source_file for batch in batches}),
            sum(batch.rows_loaded for batch in batches),
            tuple(sorted({batch.contract for batch in batches})),
        )
        for source, batches in sorted(mine.items())
    )
