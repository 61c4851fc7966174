"""A project of three assets whose checks fail when told, on an instance of Dagster of its own.

Belongs here: what the tests of alerts in Dagster share. Does not belong here: tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from expectations.results import CheckResult
from ingest.settings import Workspace
from orchestration.defs.alerts import alerts, incidents_spec, tell
from orchestration.defs.gates import _metadata
from orchestration.defs.resources import WorkspaceResource
from orchestration.lib.alerts.look import Account
from tests.unit.orchestration.alerts.world import Receiver

TICKETS, MART = dg.AssetKey(["lake", "tickets"]), dg.AssetKey(["marts", "a__day"])
PAGES = dg.AssetKey(["published", "pages"])

STATE: dict[str, Any] = {}


@dg.asset(key=TICKETS, group_name="lake")
def tickets() -> None:
    if STATE.get("step_fails"):
        raise ValueError("disk full at ada@corp.test\nand more")


@dg.asset(key=MART, deps=[TICKETS], owners=["team:support_ops"])
def mart() -> None:
    pass


@dg.asset(key=PAGES, deps=[MART])
def pages() -> None:
    pass


def result(asset: dg.AssetKey, name: str, severity: str) -> dg.AssetCheckResult:
    """As the gates hand results to Dagster."""
    check = CheckResult(
        "s", "raw", asset.path[-1], name, severity, passed=name not in STATE.get("failing", ()),
        crashed=name in STATE.get("crashed", ()), unexpected_count=3, element_count=70,
        failing_rows=[{"ticket_id": f"t-{n}", "who": "ada@corp.test"} for n in range(9)],
        description="Every ticket has a requester.", owner="support-ops", runbook="Export again.",
        message="boom of ada@corp.test",
    )  # fmt: skip
    is_error = severity == "critical" or check.crashed
    return dg.AssetCheckResult(
        passed=check.passed, asset_key=asset, check_name=name, metadata=_metadata(check),
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
    )  # fmt: skip


@dg.multi_asset_check(specs=[
    dg.AssetCheckSpec("blocks", asset=TICKETS, blocking=True),
    dg.AssetCheckSpec("warns", asset=TICKETS),
])  # fmt: skip
def gate() -> Iterator[dg.AssetCheckResult]:
    yield result(TICKETS, "blocks", "critical")
    yield result(TICKETS, "warns", "warning")


@dg.asset_check(asset=MART, description="Nothing is counted twice.")
def plain() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed="plain" not in STATE.get("failing", ()), severity=dg.AssetCheckSeverity.WARN
    )


DEFS = dg.Definitions(
    assets=[tickets, mart, pages, incidents_spec()],
    asset_checks=[gate, plain],
    jobs=[dg.define_asset_job("main_job", dg.AssetSelection.all())],
    sensors=[alerts],
    resources={"workspace": WorkspaceResource()},
    executor=dg.in_process_executor,
)


@dataclass
class House:
    company: Workspace
    instance: dg.DagsterInstance
    hook: Receiver

    def run(self, **state: Any) -> bool:
        STATE.clear()
        STATE.update(state)
        job = DEFS.resolve_job_def("main_job")
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        return job.execute_in_process(
            instance=self.instance, run_config=quiet, raise_on_error=False
        ).success

    def look(self, automations: Sequence[str] = ()) -> Account:
        graph = DEFS.resolve_asset_graph()
        return tell(self.company, self.instance, graph, automations)

    def told(self) -> list[str]:
        """Titles since the last time."""
        titles = [message["title"] for message in self.hook.got]
        self.hook.got.clear()
        return titles
