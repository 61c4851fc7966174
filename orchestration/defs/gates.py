"""One asset check for each expectation; critical ones of a mart block its publication.

Belongs here: how gates are shown to Dagster. Does not belong here: expectations (`expectations/`)
and what is checked when (`lib/gates.py`).

A critical check of a contract does not block in Dagster's sense: all models are one step, and one
bad export would stop them all. It holds back its source instead (`lib/admission.py`), which every
build and every publication asks for itself.

A company's own checks are those of the workspace that is open when the definitions load. A check
that it adds later is evaluated all the same, and shown here once the definitions were loaded again.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg

from expectations.ledger_checks import LEDGER_CHECKS
from expectations.results import CheckResult
from expectations.suites import Suite
from expectations.vocabulary import effect_of
from ingest.settings import HOME
from orchestration.defs.lake import BATCHES, contract_key
from orchestration.defs.metadata import table
from orchestration.defs.resources import WorkspaceResource
from orchestration.lib import gates
from orchestration.lib.alerts import facts
from orchestration.lib.check_pages import page_url
from orchestration.lib.paths import PipelineError
from orchestration.lib.receipt import plan_build, read_receipt
from orchestration.lib.suites import mart_suites, raw_suites

_ROWS_SHOWN = 10


def mart_key(name: str) -> dg.AssetKey:
    """Asset key of a mart."""
    return dg.AssetKey(["marts", name])


def lake_check_specs() -> list[dg.AssetCheckSpec]:
    """Checks of the ledger and of every contract."""
    ledger = [
        dg.AssetCheckSpec(
            name=check.check_name,
            asset=BATCHES,
            description=check.description,
            metadata={"severity": check.severity, "a breach": effect_of("raw", check.severity)},
        )
        for check in LEDGER_CHECKS
    ]
    return [*ledger, *_suite_specs(raw_suites, contract_key)]


def mart_check_specs() -> list[dg.AssetCheckSpec]:
    """Checks of every mart."""
    return _suite_specs(mart_suites, mart_key)


def _suite_specs(
    suites_of: Callable[[Path | None], Iterable[Suite]], key_of: Callable[[str], dg.AssetKey]
) -> list[dg.AssetCheckSpec]:
    try:
        suites = suites_of(Path(os.environ.get(HOME, ".")))
    except PipelineError:
        # The gate says what is wrong with the company's file, and where; the UI must load for that.
        suites = suites_of(None)
    return [
        dg.AssetCheckSpec(
            name=spec.check_name,
            asset=key_of(suite.table),
            blocking=spec.severity == "critical" and suite.layer == "marts",
            description=spec.description,
            metadata={
                "severity": spec.severity,
                "runbook": suite.runbook_of(spec),
                "a breach": effect_of(suite.layer, spec.severity),
            },
        )
        for suite in suites
        for spec in suite.expectations
    ]


_LAKE_CHECKS = lake_check_specs()
_MART_CHECKS = mart_check_specs()


# First of what may run next: after a build it would have less to look at.
@dg.multi_asset_check(
    name="gate_of_the_lake", specs=_LAKE_CHECKS, op_tags={"dagster/priority": "1"}
)
def lake_gate(
    context: dg.AssetCheckExecutionContext, workspace: WorkspaceResource
) -> Iterator[dg.AssetCheckResult]:
    """Holds what was delivered since the last build against the contracts' suites."""
    home = workspace.open()
    record = gates.gate_lake(home, plan_build(home))
    yield from _results(context, record, _LAKE_CHECKS, partial(page_url, home, "lake", record))


@dg.multi_asset_check(name="gate_of_the_marts", specs=_MART_CHECKS)
def marts_gate(
    context: dg.AssetCheckExecutionContext, workspace: WorkspaceResource
) -> Iterator[dg.AssetCheckResult]:
    """Holds every mart of the new build against its suite before anything is published."""
    home = workspace.open()
    receipt = read_receipt(home)
    if receipt is None:
        raise PipelineError("There is no build to check. Run: productops build")
    record = gates.gate_marts(home, receipt)
    yield from _results(context, record, _MART_CHECKS, partial(page_url, home, "marts", record))


def _results(
    context: dg.AssetCheckExecutionContext,
    record: gates.GateRecord,
    specs: Iterable[dg.AssetCheckSpec],
    url_of: Callable[[CheckResult], str],
) -> Iterator[dg.AssetCheckResult]:
    """A result for every check; one that had nothing new to look at passes and says so."""
    found = {(check.table, check.check_name): check for check in record.checks}
    for spec in specs:
        check = found.get((spec.asset_key.path[-1], spec.name))
        if check is None:
            yield dg.AssetCheckResult(
                passed=True,
                asset_key=spec.asset_key,
                check_name=spec.name,
                description="Nothing new was delivered since it passed.",
            )
            continue
        if not check.passed:
            context.log.warning(f"{check.table}.{check.check_name}: {check.message}")
        yield dg.AssetCheckResult(
            passed=check.passed,
            asset_key=spec.asset_key,
            check_name=spec.name,
            severity=_severity(check),
            description=check.message,
            metadata={**_metadata(check), "page": dg.MetadataValue.url(url_of(check))},
        )


def _severity(check: CheckResult) -> dg.AssetCheckSeverity:
    if check.severity == "critical" or check.crashed:
        return dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckSeverity.WARN


def _metadata(check: CheckResult) -> dict[str, Any]:
    found: dict[str, Any] = {
        "severity": check.severity,
        "seconds": round(check.seconds, 3),
        **{name: value for name, value in check.observed.items() if value is not None},
    }
    if check.element_count is not None:
        found["rows_checked"] = check.element_count
    if check.unexpected_count is not None:
        found["rows_failing"] = check.unexpected_count
    if not check.passed:
        found[facts.NAME] = dg.MetadataValue.json(facts.facts_of(check))
    if check.failing_rows:
        header = list(check.failing_rows[0])
        rows = [[row.get(name) for name in header] for row in check.failing_rows[:_ROWS_SHOWN]]
        found["failing_rows"] = table(header, rows)
    return found
