"""`python -m ingest`: the ingest on its own, with no orchestrator installed.

Belongs here: arguments and plain printing. Does not belong here: the work (`ingest.load`).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path

from ingest import drift
from ingest.absence import scan
from ingest.config import ConfigError
from ingest.contracts import load_contracts
from ingest.forget import conclude, look_for, purge
from ingest.formats import load_formats
from ingest.ledger import read_batches, withdraw
from ingest.load import FileOutcome, ingest
from ingest.manifests import standing_manifests
from ingest.replay import replay
from ingest.settings import HOME, open_workspace
from ingest.store import LakeError
from ingest.subjects import requests_of
from ingest.telling import proof, told

_EXAMPLES = """examples:
  python -m ingest run --home my-company     take in what lies in drop/ and registry/
  python -m ingest run --dry-run             only tell what would be looked at
  python -m ingest pull --source zendesk     pull an API of productops.yml, from where it ended
  python -m ingest ledger                    every batch with its balance
  python -m ingest formats                   the exports that are recognised, and by what
  python -m ingest withdraw drop/bad.csv --reason "test data"
  python -m ingest forget --email ada@corp.test --dry-run
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ingest",
        description="Turns vendor exports in a workspace's drop/ folder into typed Parquet.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--home", type=Path, default=Path(os.environ.get(HOME, ".")),
                        help=f"the workspace folder (default: ${HOME} or here)")  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="take in everything that is new")
    run.add_argument("--dry-run", action="store_true", help="change nothing")
    run.add_argument("--source", default="", metavar="NAME", help="only exports of this source")
    run.add_argument("--since", type=date.fromisoformat, metavar="YYYY-MM-DD",
                     help="only files of this day or later")  # fmt: skip
    run.add_argument("--force-snapshot", metavar="FILE",
                     help="take this list in although it lost over half of its rows")  # fmt: skip
    fetch = commands.add_parser("pull", help="pull the configured APIs from where they ended")
    fetch.add_argument("--source", metavar="NAME", help="only this one of `apis:`")
    commands.add_parser("ledger", help="print the balance of every batch")
    schema = commands.add_parser("schema", help="print how exports changed: columns, fields")
    schema.add_argument("--source", default="", help="only this one")
    schema.add_argument("--since", type=date.fromisoformat, metavar="YYYY-MM-DD",
                        help="only later changes")  # fmt: skip
    schema.add_argument("--json", action="store_true", help="one JSON object a line")
    commands.add_parser("formats", help="print the known vendor exports")
    commands.add_parser("contracts", help="print the tables they are turned into")
    away = commands.add_parser("withdraw", help="take a loaded file's rows out of later builds")
    away.add_argument("file", help="its path, name, file id or batch id")
    away.add_argument("--reason", required=True)
    again = commands.add_parser("replay", help="land all of a source again, by changed mappings")
    again.add_argument("source")
    gone = commands.add_parser("forget", help="erase people from the lake, and prove it")
    gone.add_argument("--email", action="append", default=[], help="an address of theirs")
    gone.add_argument("--user-id", action="append", default=[], help="the product's id of them")
    gone.add_argument("--file", type=Path, help="CSV with the columns email, user_id or both")
    gone.add_argument("--dry-run", action="store_true", help="only tell what would go")
    for command in commands.choices.values():
        command.add_argument("--home", type=Path, default=argparse.SUPPRESS)
    return parser


def describe(outcome: FileOutcome) -> str:
    """One file in one line of plain words."""
    if outcome.status != "loaded":
        return f"{outcome.status:9} {outcome.path}  {outcome.detail}"
    parts = []
    for part in outcome.parts:
        numbers = [f"{part.rows_loaded:,} rows"]
        numbers += [f"{part.rows_duplicate:,} duplicates"] if part.rows_duplicate else []
        numbers += [f"{part.rows_quarantined:,} set aside"] if part.rows_quarantined else []
        parts.append(f"{part.contract}: {', '.join(numbers)}")
    return f"{outcome.status:9} {outcome.path}  ({outcome.format}) {'; '.join(parts) or 'no rows'}"


def _run(options: argparse.Namespace) -> int:
    def progress(path: str, done: int, total: int) -> None:
        if path and sys.stderr.isatty():
            print(f"\r\033[K[{done + 1}/{total}] {path}", end="", file=sys.stderr, flush=True)
        elif sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)

    report = ingest(
        open_workspace(options.home), progress=progress, dry_run=options.dry_run,
        force_snapshot=options.force_snapshot, source=options.source, since=options.since,
    )  # fmt: skip
    for outcome in report.files:
        print(describe(outcome))
    if not report.files:
        print(f"Nothing new: {report.rest}")
    return 1 if report.count("rejected") else 0


def _pull(home: Path, source: str | None) -> int:
    # The network library is loaded only where it is needed.
    from ingest.pull import pull

    def progress(stream: str, pages: int, records: int) -> None:
        if sys.stderr.isatty():
            print(f"\r\033[K{stream}: {pages} pages, {records:,} records", end="", file=sys.stderr)

    workspace = open_workspace(home)
    if not workspace.config.apis:
        print("No API is configured: describe them under `apis:` in productops.yml.")
    outcomes = pull(workspace, only=source, progress=progress)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    for outcome in outcomes:
        print(f"{outcome.status:9} {outcome.name}  {outcome.words}")
    return 1 if any(outcome.status == "failed" for outcome in outcomes) else 0


def _ledger(home: Path) -> int:
    workspace = open_workspace(home)
    print("batch                                     in     loaded  duplicate quarantined  file")
    for batch in read_batches(workspace.lake):
        mark = " (withdrawn)" if batch.is_withdrawn else ""
        print(
            f"{batch.batch_id:36} {batch.rows_in:8,} {batch.rows_loaded:10,} "
            f"{batch.rows_duplicate:10,} {batch.rows_quarantined:11,}  "
            f"{batch.source_file} {batch.reason}{mark}"
        )
    return 0


def _forget(options: argparse.Namespace) -> int:
    workspace = open_workspace(options.home)
    request = requests_of(options.email, options.user_id, options.file)
    if options.dry_run:
        print(told(look_for(workspace, request), dry_run=True))
        return 0
    found = purge(workspace, request)
    print(told(found))
    seen = scan(workspace, found.subject)
    conclude(workspace, found.subject, seen.read, len(seen.found))
    print(proof(workspace, found.subject, seen))
    return 0 if seen.is_clean else 1


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; returns the exit code: 0 fine, 1 files were rejected, 2 can't run."""
    options = _parser().parse_args(arguments)
    try:
        match options.command:
            case "run":
                return _run(options)
            case "pull":
                return _pull(options.home, options.source)
            case "ledger":
                return _ledger(options.home)
            case "schema":
                manifests = standing_manifests(open_workspace(options.home).lake)
                found = drift.changes(manifests, options.source, options.since)
                as_json = (json.dumps(asdict(change)) for change in found)
                print("\n".join(as_json) if options.json else drift.told(found))
                return 0
            case "formats":
                for known in load_formats():
                    print(f"{known.name:24} {known.reader.kind:7} {', '.join(sorted(known.has))}")
            case "contracts":
                for contract in load_contracts().values():
                    print(f"{contract.name:18} {contract.grain}")
            case "replay":
                print(replay(open_workspace(options.home), options.source).words)
            case "forget":
                return _forget(options)
            case "withdraw":
                for path in withdraw(open_workspace(options.home), options.file, options.reason):
                    print(f"withdrawn or to be landed again: {path}")
    except (ConfigError, LakeError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
