"""Files of experiments and metrics in a workspace: finding, checking and beginning them.

Belongs here: where they lie, lines of problems, writing new ones. Does not belong here: what they
may say (`analytics.experiments`), how results are told (`commands/experiments.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from analytics.experiments.documents import DocumentError, Location, Problem, body, nearest
from analytics.experiments.metrics import Metric, metric_file_problems, read_metric
from analytics.experiments.plan import Plan
from analytics.experiments.rules import metric_problems
from analytics.experiments.spec import Spec, problems_of, read_spec
from analytics.experiments.starting import (
    default_primary,
    default_weeks,
    new_plan,
    schema_text,
    starter_metrics,
    starter_text,
)
from ingest.config import ConfigError, line_in
from ingest.documents import load_yaml
from ingest.problems import DamagedFileError
from ingest.settings import open_workspace

KINDS = {"experiment": "experiments", "metric": "metrics"}
_SCHEMA = ".schema.json"


@dataclass(frozen=True)
class CheckedFile:
    """A file, what is wrong with it, and the plan if it can be read."""

    path: Path
    problems: tuple[Problem, ...]
    spec: Spec | None = None
    # Ids of the metrics that an experiment names, as far as it can be read.
    metrics: frozenset[str] = frozenset()

    @property
    def is_wrong(self) -> bool:
        """Whether something must be mended."""
        return any(problem.severity == "error" for problem in self.problems)

    def told(self, severity: str, home: Path) -> list[str]:
        """Problems of one severity as `file:line: path: words`, in the order of lines."""
        name = self.path.relative_to(home) if self.path.is_relative_to(home) else self.path
        chosen = [problem for problem in self.problems if problem.severity == severity]
        lines = sorted((self._line(problem), at) for at, problem in enumerate(chosen))
        return [f"{name}:{line}: {chosen[at]}" for line, at in lines]

    def _line(self, problem: Problem) -> int:
        # Where the file is no YAML, the words say the line.
        said = None if problem.location else re.match(r"line (\d+)", problem.words)
        return int(said[1]) if said else line_in(self.path, problem.location)


def registry_of(home: Path) -> Path:
    """A workspace's registers. Plans hold no secrets: looking at them needs no key, in CI too."""
    if not (home / "productops.yml").is_file():
        open_workspace(home)  # says how to make one
    return home / "registry"


def files_in(folder: Path) -> list[Path]:
    """YAML files of a folder, in the order of their names."""
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(p for p in found if p.suffix in {".yml", ".yaml"} and not p.name.startswith("."))


def experiment_file(registry: Path, asked: str) -> Path:
    """The file that somebody means by an id or a path.

    Raises:
        ConfigError: There is none.
    """
    direct = Path(asked)
    if direct.suffix in {".yml", ".yaml"} and direct.is_file():
        return direct.resolve()
    known = {path.stem: path for path in files_in(registry / "experiments")}
    if asked not in known:
        hint = nearest(asked, known) or f"; begin one: productops experiment new {asked}"
        raise ConfigError(f"{registry / 'experiments'}: there is no experiment {asked}{hint}")
    return known[asked]


def check_metrics(folder: Path) -> tuple[CheckedFile, ...]:
    """All metrics of a folder, each with what is wrong with it."""
    return tuple(_check(path, "metric") for path in files_in(folder))


def read_metrics(checked: Iterable[CheckedFile]) -> dict[str, Metric | None]:
    """Metrics by the names of their files; None where a file is wrong."""
    return {
        file.path.stem: None if file.is_wrong else read_metric(_document(file.path))
        for file in checked
    }


def check_experiment(path: Path, metrics: Mapping[str, Metric | None]) -> CheckedFile:
    """An experiment, held against its own rules and against the metrics that it names."""
    checked = _check(path, "experiment")
    try:
        document = _document(path)
        found = (*checked.problems, *metric_problems(document, metrics))
        spec = None if any(p.severity != "warning" for p in found) else read_spec(document)
        named = frozenset(named.metric for named in Plan(body(document, "experiment")).metrics())
    except (DamagedFileError, DocumentError, UnicodeDecodeError):
        return checked
    return CheckedFile(path, found, spec, named)


def begin(
    registry: Path,
    experiment_id: str,
    template: str,
    *,
    primary: str = "",
    owner: str = "",
    team: str = "",
    starts_on: date,
    weeks: int = 0,
) -> list[Path]:
    """Writes a new experiment, the starter metrics that it needs, and schemas for editors.

    Files that are there stay as they are.

    Returns:
        What was written, the experiment first.

    Raises:
        ConfigError: The id is taken or can't be one, or the primary metric is not known.
    """
    path = registry / "experiments" / f"{experiment_id}.yml"
    if path.exists():
        raise ConfigError(f"{path} is there already, and nothing in it was touched.")
    chosen = primary or default_primary(template)
    metrics = read_metrics(check_metrics(registry / "metrics"))
    known = {**starter_metrics(), **metrics}
    metric = known.get(chosen)
    if metric is None:
        why = "has mistakes; see productops experiment validate" if chosen in known else (
            f"is no metric{nearest(chosen, known)} Known: {', '.join(sorted(known))}."
        )  # fmt: skip
        raise ConfigError(f"--primary {chosen} {why}")
    text = new_plan(
        experiment_id, template, metric, owner=owner, team=team, starts_on=starts_on,
        weeks=weeks or default_weeks(template),
    )  # fmt: skip
    if wrong := [p for p in problems_of(load_yaml(text)) if p.severity == "error"]:
        raise ConfigError("\n".join(map(str, wrong)))
    needed = read_spec(load_yaml(text)).metrics
    written = [path]
    _write_new(path, text)
    for name in needed:
        if name not in metrics:
            written.append(registry / "metrics" / f"{name}.yml")
            _write_new(written[-1], starter_text(name))
    return [*written, *write_schemas(registry)]


def write_schemas(registry: Path) -> list[Path]:
    """Writes the JSON Schemas that the files' first line names, where they are not as they are."""
    written = []
    for kind, folder in KINDS.items():
        path, text = registry / folder / _SCHEMA, schema_text(kind)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def _check(path: Path, kind: str) -> CheckedFile:
    try:
        text = path.read_text(encoding="utf-8")
        document = load_yaml(text)
    except (DamagedFileError, UnicodeDecodeError) as error:
        return CheckedFile(path, (Problem((), str(error)),))
    if not isinstance(document, dict) or document.get("kind") != kind:
        words = f"is no `kind: {kind}`; begin the file with it"
        return CheckedFile(path, (Problem(("kind",), words),))
    judged = problems_of(document) if kind == "experiment" else metric_file_problems(document)
    return CheckedFile(path, (*judged, *_misnamed(path, kind, document), *_twice(text)))


def _misnamed(path: Path, kind: str, document: Mapping[str, Any]) -> Iterator[Problem]:
    inner = document.get(kind)
    own = inner.get(f"{kind}_id") if isinstance(inner, dict) else None
    if own is not None and own != path.stem:
        words = f"is {own}, but the file is called {path.name}; call it {own}.yml"
        yield Problem((kind, f"{kind}_id"), words)


def _twice(text: str) -> Iterator[Problem]:
    """Words that stand twice in one mapping: loaders silently take the last."""
    waiting: list[tuple[Location, Any]] = [((), yaml.compose(text, Loader=yaml.SafeLoader))]
    seen: set[int] = set()
    while waiting:
        location, node = waiting.pop()
        # An alias leads back to what was seen.
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += [((*location, at), part) for at, part in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            words = [str(key.value) for key, _ in node.value]
            for word in sorted({word for word in words if words.count(word) > 1}):
                yield Problem((*location, word), "stands there twice; leave one of them")
            waiting += [((*location, str(key.value)), part) for key, part in node.value]


def _document(path: Path) -> Any:
    return load_yaml(path.read_text(encoding="utf-8"))


def _write_new(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
