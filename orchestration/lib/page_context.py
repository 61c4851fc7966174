"""What the published page says beside the marts: whose it is, which build, which checks.

Belongs here: handing facts of a run to the page. Does not belong here: the page.
"""

from __future__ import annotations

from analytics.brief.page import CheckLine, PageContext
from ingest.settings import Workspace
from orchestration.lib.gates import GateRecord, last_lake_record
from orchestration.lib.receipt import Receipt


def page_context(workspace: Workspace, receipt: Receipt, record: GateRecord) -> PageContext:
    """The context of a build's page; checks of the lake come first, as they ran first."""
    lake = last_lake_record(workspace)
    checks = [*(lake.checks if lake else ()), *record.checks]
    return PageContext(
        org_name=workspace.config.org.name,
        build_id=receipt.build_id,
        as_of_at=receipt.as_of_at,
        time_zone=workspace.config.org.time_zone,
        checks=tuple(
            CheckLine(c.table, c.check_name, c.severity, c.passed, c.message) for c in checks
        ),
    )
