"""The whole job in order, and the account of it.

Belongs here: which step follows which, and a report made from what the steps left behind. Does not
belong here: the steps, how Dagster runs them (`defs/`), how the report is printed (`commands/`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from ingest.ledger import Manifest, Rejection, open_rejections, read_manifests
from ingest.load import ingest
from ingest.settings import Workspace
from ingest.streams import missing_credentials, pull_problems
from ingest.waiting import Waiting, long_waiting
from orchestration.lib import publish as publishing
from orchestration.lib.admission import HeldBack, admit, held_back, last_plan
from orchestration.lib.build import build
from orchestration.lib.gates import (
    GateRecord,
    gate_marts,
    last_lake_record,
    last_marts_record,
)
from orchestration.lib.pulling import pull_configured
from orchestration.lib.receipt import Receipt, read_receipt

Progress = Callable[[str, str, int, int], None]  # step, what, done, of


@dataclass(frozen=True)
class RunReport:
    """What is so after a run.

    `arrived` are the files that this run took in; `refused` those that lie in drop/ and can't be
    read, whichever run found out; `held_back` what the lake's gate left out. `pull_problems` are
    the streams of APIs whose last pull failed, `not_pulled` the APIs without their credential,
    `waiting` the deliveries that could not be read for more than a day.
    """

    arrived: tuple[Manifest, ...]
    refused: tuple[Rejection, ...]
    lake: GateRecord | None
    receipt: Receipt | None
    marts: GateRecord | None
    published: str | None
    is_current: bool
    pull_problems: tuple[str, ...] = ()
    not_pulled: tuple[str, ...] = ()
    held_back: tuple[HeldBack, ...] = ()
    waiting: tuple[Waiting, ...] = ()

    @property
    def is_green(self) -> bool:
        """Whether all that was delivered and could be pulled is published and passed each gate."""
        gates_open = all(record is None or record.is_open for record in (self.lake, self.marts))
        return gates_open and self.is_current and not (self.pull_problems or self.waiting)


def run(workspace: Workspace, progress: Progress | None = None) -> RunReport:
    """Ingests, checks, builds, checks and publishes what passes.

    Raises:
        LakeError, PipelineError: If a step can't work at all; the message says what to do.
    """

    def step(name: str) -> Callable[[str, int, int], None]:
        return lambda what, done, of: progress(name, what, done, of) if progress else None

    since = datetime.now(UTC)
    pull_configured(workspace, step("pull"))
    ingest(workspace, progress=step("ingest"))
    _, plan = admit(workspace, step("check the lake"))
    if plan.builds or plan.receipt:
        receipt = build(workspace, progress=step("build")).receipt
        if gate_marts(workspace, receipt, step("check the marts")).is_open:
            publishing.publish(workspace, step("publish"))
    return report(workspace, since)


def report(workspace: Workspace, since: datetime) -> RunReport:
    """The account of everything that happened from `since` (UTC) on."""
    receipt = read_receipt(workspace)
    published = publishing.current_build(workspace)
    since_text = since.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    lake = last_lake_record(workspace)
    marts = last_marts_record(workspace)
    if marts and receipt and marts.subject != receipt.build_id:
        marts = None
    is_current = bool(receipt and receipt.build_id == published and not last_plan(workspace).builds)
    return RunReport(
        arrived=tuple(m for m in read_manifests(workspace.lake) if m.loaded_at >= since_text),
        refused=tuple(open_rejections(workspace)),
        lake=lake,
        receipt=receipt,
        marts=marts,
        published=published,
        is_current=is_current,
        pull_problems=tuple(pull_problems(workspace)),
        not_pulled=tuple(missing_credentials(workspace)),
        held_back=held_back(workspace, lake),
        waiting=tuple(long_waiting(workspace.lake)),
    )
