"""Persons and secrets are taken out of what was observed, before anything of it is kept.

Belongs here: which texts are cleaned. Does not belong here: the patterns (`ingest.redaction`).
Samples come masked already: columns that are known to be personal are not in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from expectations.results import CheckResult
from ingest.redaction import redaction_macros
from ingest.settings import HASH_KEY, Workspace
from orchestration.lib.alerts.channels import secrets_in
from orchestration.lib.alerts.messages import SHOWN_ROWS
from orchestration.lib.alerts.model import Observation

_LONGEST = 500
_LONGEST_CELL = 120
_SHORTEST_SECRET = 8


def cleaned(observations: Iterable[Observation], workspace: Workspace) -> list[Observation]:
    """The observations with every text redacted; what is well says nothing and passes as it is."""
    found = list(observations)
    bad = [observation for observation in found if not observation.passed]
    texts: list[str] = []
    for observation in bad:
        texts += [observation.words, observation.remedy]
        for row in observation.sample[:SHOWN_ROWS]:
            # The column's name tells what a number is: `phone: 0170 ...`.
            texts += [f"{name}: {value}" for name, value in row]
    clean = iter(redact(texts, workspace))
    made = {}
    for observation in bad:
        words, remedy = next(clean), next(clean)
        sample = tuple(
            tuple(_cell(name, next(clean)) for name, _ in row)
            for row in observation.sample[:SHOWN_ROWS]
        )
        made[id(observation)] = replace(
            observation, words=_short(words), remedy=_short(remedy), sample=sample
        )
    return [made.get(id(observation), observation) for observation in found]


def clean_samples(checks: Sequence[CheckResult], workspace: Workspace) -> list[CheckResult]:
    """The results with every text of their failing rows redacted, before pages show them."""
    texts = [
        f"{name}: {value}"
        for check in checks
        for row in check.failing_rows
        for name, value in row.items()
        if isinstance(value, str)
    ]
    clean = iter(redact(texts, workspace))

    def cell(name: str, value: Any) -> Any:
        return next(clean).removeprefix(f"{name}: ") if isinstance(value, str) else value

    return [
        replace(check, failing_rows=[
            {name: cell(name, value) for name, value in row.items()} for row in check.failing_rows
        ])
        for check in checks
    ]  # fmt: skip


def redact(texts: list[str], workspace: Workspace) -> list[str]:
    """Texts without addresses, telephone numbers, cards and keys, and without our own secrets."""
    privacy = workspace.config.privacy
    own = tuple((pattern.kind, pattern.pattern) for pattern in privacy.patterns)
    known = _without_secrets(texts, workspace)
    return list(_redacted(tuple(known), own, privacy.phone_cues)) if texts else []


@lru_cache(maxsize=32)
def _redacted(
    texts: tuple[str, ...], own: tuple[tuple[str, str], ...], cues: tuple[str, ...]
) -> tuple[str, ...]:
    """What fails goes on failing: the same texts come with every look, and patterns take time."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(redaction_macros(own, cues))
        rows = connection.execute(
            "select redact(one) from (select unnest($1::varchar[]) as one, "
            "generate_subscripts($1::varchar[], 1) as place) order by place",
            [list(texts)],
        ).fetchall()
    return tuple(str(text) for (text,) in rows)


def _without_secrets(texts: list[str], workspace: Workspace) -> list[str]:
    config = workspace.config
    secrets = {workspace.hash_key or workspace.secret(HASH_KEY)}
    secrets |= {workspace.secret(api.credentials_env) for api in config.apis}
    names = [channel.url_env for channel in config.alerts.channels]
    for name in filter(None, [*names, config.alerts.heartbeat_url_env]):
        secrets |= secrets_in(workspace.secret(name))
    known = sorted((s for s in secrets if len(s) >= _SHORTEST_SECRET), key=len, reverse=True)
    for secret in known:
        texts = [text.replace(secret, "[secret]") for text in texts]
    return texts


def _cell(name: str, text: str) -> tuple[str, str]:
    value = text.removeprefix(f"{name}: ")
    return name, value if len(value) <= _LONGEST_CELL else value[: _LONGEST_CELL - 1] + "…"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
