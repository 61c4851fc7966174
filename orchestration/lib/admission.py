"""Which deliveries a build may take in: those of sources whose exports pass the lake's gate.

Belongs here: the gate's verdict and the plan of the next build together. Does not belong here: the
gate itself (`gates.py`) and what a build has to do (`receipt.py`).

A bad delivery holds back what came from its source since then, whichever contract it is of: parts
of one export refer to each other, and later ones to earlier ones. All other sources are built and
published; what rests on the one that is held back ends where its last good delivery ended
(`data_through_at`). A delivery that is landed again can't be held back, as builds have its rows:
where it is worse than before, or not landed yet, nothing is built at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from ingest.ledger import read_batches
from ingest.manifests import read_reopened
from ingest.settings import Workspace
from orchestration.lib import gates
from orchestration.lib.gates import GateRecord
from orchestration.lib.paths import PipelineError
from orchestration.lib.receipt import Plan, plan_build

Progress = Callable[[str, int, int], None]
_STAYS = "Nothing was built; what was published before is still there."


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
    """Holds all that is new against the lake's gate; the plan is about what passed.

    Raises:
        PipelineError: If rows that builds have are missing, or came back worse than before.
    """
    waiting = [manifest.path for manifest in read_reopened(workspace.lake)]
    if waiting:
        raise PipelineError(
            f"{_some(waiting)}: to be landed again, and missing until then. {_STAYS} Run: "
            "productops ingest. Where that can't read them, correct their mapping first, or "
            "withdraw them (productops ingest --withdraw)."
        )
    everything = plan_build(workspace)
    record = gates.gate_lake(workspace, everything, progress)
    if worse := sorted(_landed_again(everything) & _bad(record)):
        raise PipelineError(
            f"{_some(worse)}: landed again, and worse than before. {_STAYS} Correct the mapping "
            "and run productops ingest --replay SOURCE, or withdraw them. See: productops check"
        )
    if not record.held_back:
        return record, everything
    return record, plan_build(workspace, record.held_back)


def _landed_again(plan: Plan) -> set[str]:
    """Files of which the last build has the rows of another landing."""
    built = dict(token.split("@", 1) for token in plan.receipt.batches) if plan.receipt else {}
    return {
        batch.source_file
        for batch in plan.added
        if not built.get(batch.batch_id, batch.loaded_at).startswith(batch.loaded_at)
    }


def _bad(record: GateRecord) -> set[str]:
    return {
        row["source_file"]
        for check in record.breaches
        for row in check.failing_rows
        if "source_file" in row
    }


def _some(paths: list[str]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(paths[:3]) + more


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
