"""`productops init` and `productops demo`: new workspaces.

Belongs here: the files a new workspace starts with. Does not belong here: what a demo company is
(`demo/`), running it (`run.py`).
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from ingest.config import ConfigError, parse_config
from ingest.settings import HASH_KEY

_FOLDERS = ("drop", "registry")
_GITIGNORE = ".env\nlake/\nwarehouse/\npublished/\nchecks/\nstate/\n"
_CONFIG = """\
# What productops may not guess about your company. Unknown keys are refused, so typos show.
org:
  name: {name}
  time_zone: {time_zone}        # reporting time zone of last resort; accounts may have their own
  currency: {currency}
  internal_domains: []          # your own e-mail domains: employees are counted apart
  # product_born_on: 2020-01-01 # events before this day are rejected

# People, accounts and clients that must not count, each with its reason.
exclusions: []
#  - {{subject_type: user_agent, subject: pingdom, reason: synthetic_monitor}}
#  - {{subject_type: email_domain, subject: partner.example, reason: partner}}

# Files that are no vendor export productops knows (`python -m ingest formats` lists those).
# Each is told field by field: name in the contract -> where it stands in the file.
sources: []
#  - name: shop
#    files: "shop/*.csv"        # below drop/
#    contract: usage_events
#    reader: {{kind: csv}}
#    fields:
#      event_id: order_id
#      occurred_at: {{path: ordered_at, zone: Europe/Berlin}}
#      event_name: {{const: order_placed}}
#      user_id: customer

# Vendors' APIs that are pulled before drop/ is looked at (docs/operations.md lists them). The
# credential itself stands in .env or in the environment.
apis: []
#  - name: zendesk
#    vendor: zendesk
#    base_url: https://acme.zendesk.com
#    start_at: 2026-01-01
#    credentials_env: ZENDESK_TOKEN

publishing:
  keep_builds: 5
  keep_check_pages: 30          # of the last evaluations of the gates

# Who is told of what went wrong (docs/operations.md#alerts). The address of a channel, an Apprise
# URL, stands in .env or in the environment. Try it: productops alerts test
# alerts:
#   channels:
#     - {{name: mail, url_env: ALERTS_MAIL_URL}}
#   routes:
#     - {{to: [mail]}}

# Object storage in place of the folders drop/ and lake/ (docs/operations.md). Credentials are read
# from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
# storage:
#   drop: s3://acme-exports/productops
#   lake: s3://acme-lake
#   endpoint: https://minio.acme.example   # of a store that is not Amazon's
#   region: eu-central-1
"""

_CHECKS = """\
# Checks of your own, beside those that productops brings (`productops check --explain` tells them
# all). One file a table: raw/<contract>.yml for what is delivered, marts/<mart>.yml for what is
# published. They are added; none of ours can be taken away. Take out the # and run
# `productops doctor`. What a failed `critical` check is about is held back or not
# published; `warning` and `info` are told.
#
# name: active_users__daily            # like the file
# layer: marts                         # like the folder; raw or marts
# table: active_users__daily
# expectations:
#   - type: unexpected_rows_expectation
#     name: unexpected_rows__nobody_on_a_working_day
#     kwargs:
#       unexpected_rows_query: >-
#         select * from {batch} where segment = 'all' and is_complete and dau_count = 0
#         and extract(isodow from activity_on) <= 5
#     severity: warning
#     description: On a working day somebody always comes; nobody means that tracking broke.
#   - type: expect_column_values_to_be_between
#     kwargs: {column: dau_count, max_value: 500}
#     severity: critical
#     description: We have sold 500 seats; more people than that are not ours.
"""


def init_workspace(folder: Path, *, name: str | None, time_zone: str, currency: str) -> int:
    """Makes an empty workspace and says what to do next."""
    folder = folder.expanduser().resolve()
    _refuse_if_used(folder)
    text = _CONFIG.format(name=name or folder.name, time_zone=time_zone, currency=currency)
    parse_config(text, folder / "productops.yml")
    folder.mkdir(parents=True, exist_ok=True)
    for part in _FOLDERS:
        (folder / part).mkdir(exist_ok=True)
    (folder / "productops.yml").write_text(text, encoding="utf-8")
    (folder / ".gitignore").write_text(_GITIGNORE, encoding="utf-8")
    for layer in ("raw", "marts"):
        (folder / "expectations" / layer).mkdir(parents=True, exist_ok=True)
    example = folder / "expectations" / "marts" / "active_users__daily.yml"
    example.write_text(_CHECKS, encoding="utf-8")
    write_key(folder)
    shown = _shown(folder)
    click.echo(
        f"Made {shown}/ with a key of its own in {shown}/.env (keep it: it makes the hashes of\n"
        f"e-mail addresses; with another key nobody is recognised again).\n\n"
        f"Next:\n"
        f"  1. edit {shown}/productops.yml: your e-mail domains, your time zone\n"
        f"  2. put exports into {shown}/drop/ as your vendors made them\n"
        f"  3. productops --home {shown} run"
    )
    return 0


def demo_workspace(folder: Path, *, seed: int, size: int) -> int:
    """Writes the demo company unless it is there, runs the job and says how to look at it."""
    from orchestration.commands.run import run_job

    folder = folder.expanduser().resolve()
    if not (folder / "truth.json").is_file():
        _refuse_if_used(folder)
        click.echo(f"Writing a made-up company's exports into {_shown(folder)}/drop ...")
        _write_company(folder, seed, size)
    if not (folder / ".env").is_file():
        write_key(folder)
    os.environ["PRODUCTOPS_HOME"] = str(folder)
    return run_job(folder)


def _write_company(folder: Path, seed: int, size: int) -> None:
    """Writes the files in another process; the models are read and imports done meanwhile."""
    from orchestration.commands.run import read_models, warm_up

    command = [sys.executable, "-m", "demo", str(folder), f"--seed={seed}", f"--size={size}"]
    with (
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as writing,
        ThreadPoolExecutor(1) as reader,
    ):
        reading = reader.submit(read_models)
        warm_up()
        _, said = writing.communicate()
        reading.result()
    if writing.returncode:
        raise ConfigError(said.decode().strip())


def write_key(folder: Path) -> None:
    """Gives a workspace the secret its hashes are made with; readable by its owner alone."""
    path = folder / ".env"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{HASH_KEY}={secrets.token_urlsafe(32)}\n")


def _refuse_if_used(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file. Give the name of a new folder.")
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(
            f"{folder} is not empty, and nothing in it was touched. Give the name of a new folder, "
            f"or run the workspace that is there: productops --home {_shown(folder)} run"
        )


def _shown(folder: Path) -> str:
    """The folder as a person standing here would write it."""
    try:
        return str(folder.relative_to(Path.cwd()))
    except ValueError:
        return str(folder)
