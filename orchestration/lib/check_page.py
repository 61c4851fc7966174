"""One evaluation of a gate as a page: a file that needs no server, no script and no network.

Belongs here: layout and words. Does not belong here: where pages lie and how long they stay
(`check_pages.py`), how it looks in general (`analytics.brief.style`).

Failing rows stand here as every check hands them out: a few, personal columns masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any

from analytics.brief.style import HTML, STYLE
from expectations.results import CheckResult
from expectations.vocabulary import SEVERITIES, effect_of

if TYPE_CHECKING:
    from orchestration.lib.gates import GateRecord

TITLES = {"lake": "What was delivered", "marts": "The marts"}
_CSS = """
.stops { border-left: 4px solid #c23030; } .warns { border-left: 4px solid #d9822b; }
.told { border-left: 4px solid #6c8ebf; }
.mark { font-weight: 600; white-space: nowrap; } .mark.stops { color: #c23030; border: 0; }
.mark.warns { color: #a35a00; border: 0; } .mark.told { color: #3d5a80; border: 0; }
.mark.passed { color: #2f6f45; } dl { display: grid; grid-template-columns: max-content 1fr;
  gap: 2px 14px; font-size: 13px; margin: 8px 0; } dt { color: var(--quiet); } dd { margin: 0; }
details > summary { cursor: pointer; font-weight: 600; color: var(--ink); font-size: 15px; }
:target { outline: 2px solid #6c8ebf; outline-offset: 4px; }
td { overflow-wrap: break-word; max-width: 420px; }
"""
_FOOT = (
    "<footer>Every failing row is in <code>lake/quarantine/gates/</code>. What each check "
    "protects: <code>productops check --explain</code>.</footer>"
)


def render(gate: str, record: GateRecord, org: str) -> str:
    """The page of one evaluation."""
    failed = sorted((check for check in record.checks if not check.passed), key=_gravity)
    body = [_head(gate, record, org), _summary(record), *(_failed(check) for check in failed)]
    ordered = sorted(record.checks, key=lambda check: check.table)
    body += [_table_of(name, list(found)) for name, found in groupby(ordered, _by_table)]
    body.append(_FOOT)
    return page(f"{org}: checks, {record.checked_at}", body)


def page(title: str, body: Iterable[str]) -> str:
    """A whole file."""
    return HTML.format(title=escape(title), style=STYLE + _CSS, body="\n".join(body))


def anchor(check: CheckResult) -> str:
    """Where a check stands on its page."""
    return f"{check.table}.{check.check_name}"


def grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(row) + "</tr>" for row in rows)
    whole = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div class=scroll>{whole}</div>"


def _gravity(check: CheckResult) -> tuple[bool, int]:
    """The gravest first; as they stand in the suites among equals."""
    return not check.blocks, SEVERITIES.index(check.severity)


def _by_table(check: CheckResult) -> str:
    return check.table


def _head(gate: str, record: GateRecord, org: str) -> str:
    closed = {"lake": "Not everything may pass.", "marts": "Nothing may be published."}[gate]
    verdict = "Everything may pass." if record.is_open else closed
    return (
        f"<header><h1>{escape(TITLES[gate])}: checks</h1><p class=through><b>{verdict}</b><br>"
        f"{escape(org)} · evaluated {escape(record.checked_at)} UTC · "
        f"<a href='index.html'>all evaluations</a></p></header>"
    )


def _summary(record: GateRecord) -> str:
    checks = record.checks
    tiles = [
        (len(checks), "checks", f"of {len({check.table for check in checks})} tables"),
        (sum(check.passed for check in checks), "passed", ""),
        (len(record.breaches), "let nothing pass", "critical, or could not be evaluated"),
        (len(record.warnings), "are told", "warnings and information"),
    ]
    if crashed := sum(check.crashed for check in checks):
        tiles.append((crashed, "could not be evaluated", "of those that let nothing pass"))
    shown = "".join(
        f"<div class=tile><div class=value>{number:,}</div><div class=words>{words}</div>"
        f"<div class=detail>{detail}</div></div>"
        for number, words, detail in tiles
    )
    return f"<section class=tiles>{shown}</section>"


def _kind(check: CheckResult) -> tuple[str, str]:
    """Style and words for what came of a check."""
    if check.passed:
        return "passed", "passed"
    if check.crashed:
        return "stops", f"could not be evaluated: {effect_of(check.layer, 'critical')}"
    if check.blocks:
        return "stops", f"failed: {effect_of(check.layer, check.severity)}"
    if check.set_aside:
        return "warns", "failed: its rows are set aside"
    return ("told", "failed: told") if check.severity == "info" else ("warns", "failed: warns")


def _failed(check: CheckResult) -> str:
    style, words = _kind(check)
    facts = [
        ("what it protects", check.description),
        ("severity", check.severity),
        ("rows", _rows(check)),
        *((name.replace("_", " "), _plain(value)) for name, value in check.observed.items()),
        ("what to do", check.runbook),
        ("owner", check.owner),
        ("all failing rows", check.quarantine or ""),
        # Most messages repeat what stands here already.
        ("said", "" if check.description and check.description in check.message else check.message),
    ]
    listed = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in facts if value
    )
    return (
        f"<section class={style} id='{escape(anchor(check))}'><h3>{escape(check.table)}: "
        f"{escape(check.check_name)}</h3><p class='mark {style}'>{words}</p><dl>{listed}</dl>"
        f"{_failing_rows(check.failing_rows)}</section>"
    )


def _failing_rows(rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return ""
    header = list(rows[0])
    return grid(header, [[_cell(row.get(name)) for name in header] for row in rows])


def _table_of(name: str, checks: Sequence[CheckResult]) -> str:
    failed = sum(not check.passed for check in checks)
    seconds = sum(check.seconds for check in checks)
    result = f"{failed} failed" if failed else "all passed"
    header = ("check", "result", "severity", "rows checked", "rows failing", "seen", "seconds",
              "what it protects")  # fmt: skip
    return (
        f"<section><details id='{escape(name)}'><summary>{escape(name)} · {len(checks)} checks, "
        f"{result} · {escape(checks[0].owner)} · {seconds:.1f} s</summary>"
        f"{grid(header, [_line(check) for check in checks])}</details></section>"
    )


def _line(check: CheckResult) -> list[str]:
    style, words = _kind(check)
    seen = check.observed.get("observed_value")
    # A check that failed has its place above.
    place = f" id='{escape(anchor(check))}'" if check.passed else ""
    return [
        f"<td{place}>{escape(check.check_name)}</td>",
        f"<td class='mark {style}'>{words}</td>",
        *(_cell(value) for value in (check.severity, check.element_count, check.unexpected_count)),
        _cell(seen) if seen is not None else "<td></td>",
        f"<td class=number>{check.seconds:.2f}</td>",
        _cell(check.description),
    ]


def _rows(check: CheckResult) -> str:
    if check.unexpected_count is None or check.element_count is None:
        return ""
    return f"{check.unexpected_count:,} of {check.element_count:,} fail"


def _plain(value: Any) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def _cell(value: Any) -> str:
    if value is None:
        return "<td class=none>not known</td>"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"<td class=number>{value:,}</td>" if isinstance(value, int) else (
            f"<td class=number>{value:,.6g}</td>")  # fmt: skip
    return f"<td>{escape(str(value))}</td>"
