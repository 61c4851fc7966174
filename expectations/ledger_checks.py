"""Checks of the ledger: is too much set aside, is a file refused, did an export's columns change.

Belongs here: pure functions over what the ledger says. Does not belong here: the ledger itself
(`ingest.ledger`), what a delivery is of which too much is set aside (`expectations.set_aside`) and
rows of contracts (`expectations/raw/*.yml`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from expectations.results import CheckResult, Severity
from expectations.set_aside import BatchLike, Before, excesses

UNKNOWN_FORMAT = "unknown_format"
_TABLE = "batches"


class RejectionLike(Protocol):
    """What a refused file must tell."""

    @property
    def path(self) -> str: ...  # noqa: D102
    @property
    def format(self) -> str: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102
    @property
    def detail(self) -> str: ...  # noqa: D102


class ChangeLike(Protocol):
    """What a change of an export's columns must tell."""

    @property
    def contract(self) -> str: ...  # noqa: D102
    @property
    def column(self) -> str: ...  # noqa: D102
    @property
    def what(self) -> str: ...  # noqa: D102
    @property
    def first_file(self) -> str: ...  # noqa: D102
    @property
    def remedy(self) -> str: ...  # noqa: D102


@dataclass(frozen=True)
class LedgerCheck:
    """Name, gravity and reason of a check of the ledger."""

    check_name: str
    severity: Severity
    description: str
    runbook: str


BALANCE = LedgerCheck(
    "ledger_balance", "critical",
    "Every row read is loaded, a duplicate, set aside or suppressed; otherwise rows vanish.",
    "Withdraw the delivery, drop the file again and run; if it stays, report the file's format.",
)  # fmt: skip
QUARANTINE_SHARE = LedgerCheck(
    "quarantine_share", "critical",
    "A delivery of which more than 5 % is set aside was misread or is broken; its rest misleads.",
    "Look at the reasons with `productops status`; mend and drop the export again or withdraw it. "
    "Where its rest can be used, `quarantine_limit` of the mapping or API allows for more.",
)  # fmt: skip
KNOWN_REJECTED = LedgerCheck(
    "rejected_file_of_known_format", "critical",
    "A known export that could not be read is data somebody counts on and nobody has.",
    "Export the file again, or move it out of the drop folder.",
)  # fmt: skip
UNKNOWN_FILE = LedgerCheck(
    "file_of_unknown_format", "warning",
    "A file that no format recognises may be meant for somebody else, or be a changed export.",
    "Add a mapping for it to productops.yml, or move it out of the drop folder.",
)  # fmt: skip
COLUMNS_CHANGED = LedgerCheck(
    "columns_changed", "warning",
    "A column that came, went or changed its kind changes what the numbers rest on.",
    "See `productops schema diff`: map a new column, export the file with a missing one again.",
)  # fmt: skip
COLUMNS_LOST = LedgerCheck(
    "columns_lost", "critical",
    "A column went or changed its kind in a contract that says `on_drift: block`.",
    "Export the file with it again and withdraw this one, or take `on_drift: block` back.",
)  # fmt: skip
CONFLICTING_IDS = LedgerCheck(
    "conflicting_ids", "warning",
    "An id of an event that came before with another content: the first one counts, the other not. "
    "More than one row in 10,000 is no accident, but a sender that gives an id twice.",
    "See the delivery's rows with `is_revision` in the lake. Have the sender give each event an id "
    "of its own, or have the mapping make one (`hash`), then `ingest --replay` the source.",
)  # fmt: skip
LEDGER_CHECKS = (
    BALANCE, QUARANTINE_SHARE, KNOWN_REJECTED, UNKNOWN_FILE, COLUMNS_CHANGED, COLUMNS_LOST,
    CONFLICTING_IDS,
)  # fmt: skip
# What happened stays as it was; messages of tickets, say, are edited, and say so by their id.
_NEVER_CORRECTED = frozenset({"usage_events", "exposures"})
_CONFLICT_LIMIT = 0.0001
# What `schema diff` calls news; the rest has been so from the first file on, or is over.
_LOSSES = frozenset({"vanished", "retyped"})
_NEWS = frozenset({"new"}) | _LOSSES


def check_ledger(
    batches: Iterable[BatchLike],
    rejections: Iterable[RejectionLike] = (),
    limits: Mapping[str, float] | None = None,
    changes: Iterable[ChangeLike] = (),
    strict: Collection[str] = (),
    before: Before | None = None,
) -> tuple[CheckResult, ...]:
    """Holds batches and open rejections against the rules, in the order of `LEDGER_CHECKS`.

    Args:
        batches: Deliveries to look at.
        rejections: Refused files that still lie in the drop folder.
        limits: Share of rows that may be set aside, by format or `api:` and name, where it is
            not 5 %.
        changes: How exports' columns changed lately, in these batches or in earlier ones.
        strict: Contracts of which no column may go: one that did in these batches is critical.
        before: What is known of the streams of APIs whose pages are among the batches.
    """
    loaded = sorted((b for b in batches if b.status == "loaded"), key=lambda b: b.batch_id)
    refused = sorted(rejections, key=lambda r: r.path)
    unbalanced = [_row(b, residual=_residual(b)) for b in loaded if _residual(b)]
    beyond = excesses(loaded, limits or {}, before or Before())
    aside = [
        _row(batch, share=round(one.share, 4), limit=one.limit, reasons=_reasons(batch))
        for one in beyond
        for batch in one.bad
    ]
    held = {batch.source_file for one in beyond for batch in one.delivery}
    conflicts = [
        _row(b, rows_revision=b.rows_revision)
        for b in loaded
        if b.contract in _NEVER_CORRECTED and b.rows_revision > b.rows_in * _CONFLICT_LIMIT
    ]
    lately = sorted(changes, key=lambda c: (c.first_file, c.contract, c.column))
    news = [c for c in lately if c.what in _NEWS]
    here = {(b.source_file, b.contract) for b in loaded if b.contract in strict}
    lost = [_change(c) for c in news if c.what in _LOSSES and (c.first_file, c.contract) in here]
    changed = [row for row in map(_change, news) if row not in lost]
    unknown = [_refusal(r) for r in refused if is_unknown(r)]
    known = [_refusal(r) for r in refused if not is_unknown(r)]
    return (
        _result(BALANCE, unbalanced, len(loaded), "residual"),
        _result(QUARANTINE_SHARE, aside, len(loaded), "share", "reasons", deliveries=held),
        _result(KNOWN_REJECTED, known, len(refused), "reason"),
        _result(UNKNOWN_FILE, unknown, len(refused), "reason"),
        _result(COLUMNS_CHANGED, changed, len(lately), "column"),
        _result(COLUMNS_LOST, lost, len(lately), "column"),
        _result(CONFLICTING_IDS, conflicts, len(loaded), "rows_revision"),
    )


def is_unknown(rejection: RejectionLike) -> bool:
    """Whether no format recognised the file (as against one that could not be read)."""
    return rejection.reason == UNKNOWN_FORMAT or rejection.format in ("", "unknown")


def _residual(batch: BatchLike) -> int:
    spent = batch.rows_loaded + batch.rows_duplicate + batch.rows_quarantined
    return batch.rows_in - spent - batch.rows_suppressed


def _reasons(batch: BatchLike) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in sorted(batch.reasons.items()))


def _row(batch: BatchLike, **more: Any) -> dict[str, Any]:
    return {
        "source_file": batch.source_file, "contract": batch.contract, "rows_in": batch.rows_in,
        "rows_quarantined": batch.rows_quarantined, **more,
    }  # fmt: skip


def _refusal(rejection: RejectionLike) -> dict[str, Any]:
    return {
        "source_file": rejection.path, "format": rejection.format,
        "reason": rejection.reason, "detail": rejection.detail,
    }  # fmt: skip


def _change(change: ChangeLike) -> dict[str, Any]:
    return {
        "source_file": change.first_file, "contract": change.contract, "column": change.column,
        "what": change.what, "remedy": change.remedy,
    }  # fmt: skip


def _told(row: Mapping[str, Any], shown: Iterable[str]) -> str:
    return ", ".join(f"{key} {row[key]}" for key in shown)


def _result(
    check: LedgerCheck, wrong: list[dict[str, Any]], looked_at: int, *shown: str,
    deliveries: Iterable[str] | None = None,
) -> CheckResult:  # fmt: skip
    """What came of a check; where it says no `deliveries`, they are the files that are wrong."""
    named = ", ".join(f"{row['source_file']} ({_told(row, shown)})" for row in wrong[:3])
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    message = f"{len(wrong)} of {looked_at}: {named}{more}. {check.runbook}" if wrong else "passed"
    files = {row["source_file"] for row in wrong} if deliveries is None else set(deliveries)
    return CheckResult(
        suite="ledger", layer="raw", table=_TABLE, check_name=check.check_name,
        severity=check.severity, passed=not wrong, unexpected_count=len(wrong),
        element_count=looked_at, failing_rows=wrong[:20], message=message,
        description=check.description, owner="product-ops", runbook=check.runbook,
        deliveries=sorted(files),
    )  # fmt: skip
