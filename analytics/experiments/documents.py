"""Files about experiments and metrics, read with care: scalars, problems, plain words.

Belongs here: how a scalar may be written, what a problem is, pydantic's errors in plain words.
Does not belong here: what an experiment (`spec.py`) or a metric (`metrics.py`) is.

The same file is read by two loaders: the ingest keeps every scalar as text, a plain YAML loader
makes numbers, dates, booleans and nulls of some. Both must give the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

Location = tuple[str | int, ...]
Severity = Literal["error", "gap", "warning"]
_T = TypeVar("_T")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NULLS = {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True)
class Problem:
    """What is wrong at one place of a file, and what to do about it.

    `error`: must be mended. `gap`: an older, short file does not say it, so there is no readout.
    `warning`: allowed, but weak.
    """

    location: Location
    words: str
    severity: Severity = "error"

    @property
    def path(self) -> str:
        """The place as a person would write it: `experiment.variations[1].weight`."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.location)
        return "".join(steps).removeprefix(".")

    def __str__(self) -> str:
        return f"{self.path}: {self.words}" if self.location else self.words


class DocumentError(ValueError):
    """A file that can't be used, with all that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    @property
    def is_short(self) -> bool:
        """Whether nothing is wrong but that an older file says too little to be analysed."""
        return all(problem.severity == "gap" for problem in self.problems)


class Part(BaseModel):
    """A mapping of a file: unknown words are refused, so that typos show."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _one_line(value: Any) -> Any:
    if isinstance(value, (bool, float, date)):
        raise ValueError(f"{value} is read as something else than text; put it in quotes")
    # How a text is broken into lines is no part of what it says.
    return " ".join(str(value).split()) if isinstance(value, (str, int)) else value


def _no_flag(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is no number")
    return value


def _iso_day(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    # Any other number or text would be taken for seconds since 1970.
    if isinstance(value, str) and _ISO_DAY.fullmatch(value.strip()):
        return value.strip()
    raise ValueError(f"{value} is no day; write it as 2026-05-04")


Text = Annotated[str, BeforeValidator(_one_line), Field(min_length=1)]
Id = Annotated[str, BeforeValidator(_one_line), Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$")]
Number = Annotated[float, BeforeValidator(_no_flag), Field(allow_inf_nan=False)]
Whole = Annotated[int, BeforeValidator(_no_flag)]
Day = Annotated[date, BeforeValidator(_iso_day)]
Direction = Literal["increase", "decrease"]

NUMBER: TypeAdapter[float] = TypeAdapter(Number)
DAY: TypeAdapter[date] = TypeAdapter(Day)
FLAG: TypeAdapter[bool] = TypeAdapter(bool)


def quietly(kind: TypeAdapter[_T], value: Any) -> _T | None:
    """The value as a model would read it, or None where a model would refuse it."""
    try:
        return kind.validate_python(value)
    except ValidationError:
        return None


def body(document: str | Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The object below `kind:`, from a whole file, from the object alone or from JSON text.

    A null is the same as nothing said, however the loader gives it.

    Raises:
        DocumentError: It is no object.
    """
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError as error:
            raise DocumentError([Problem((kind,), f"is no JSON: {error}")]) from error
    if isinstance(document, Mapping) and kind in document:
        document = document[kind]
    if not isinstance(document, Mapping):
        words = f"is no mapping; begin with `{kind}:` and indent what belongs to it"
        raise DocumentError([Problem((kind,), words)])
    try:
        return _said(document)
    except RecursionError as error:
        raise DocumentError([Problem((kind,), "is nested too deeply to be read")]) from error


def strays(document: str | Mapping[str, Any], kind: str) -> Iterator[Problem]:
    """Words of a whole file that stand beside the object, where nothing reads them."""
    if isinstance(document, Mapping) and kind in document:
        for word in document:
            if word not in {kind, "kind"}:
                yield Problem((str(word),), f"stands beside `{kind}:`; indent it to stand below")


def _said(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {str(key): _said(part) for key, part in value.items()}
        return {key: part for key, part in kept.items() if part is not None}
    if isinstance(value, (list, tuple)):
        return [_said(part) for part in value]
    return None if isinstance(value, str) and value.strip() in _NULLS else value


def below(prefix: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    """The same problems, told from the top of the file."""
    for problem in problems:
        yield Problem((prefix, *problem.location), problem.words, problem.severity)


def shape_problems(model: type[BaseModel], document: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with single fields: missing, unknown, of another kind, out of range."""
    try:
        model.model_validate(document)
    except ValidationError as error:
        for item in error.errors():
            missing = item["type"] == "missing"
            words = _in_words(item, model)
            yield Problem(tuple(item["loc"]), words, "gap" if missing else "error")


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean x?` where something is spelt nearly so, else nothing."""
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _in_words(item: ErrorDetails, model: type[BaseModel]) -> str:
    kind, given, told = item["type"], item["input"], item.get("ctx", {})
    around, description = _place(model, item["loc"])
    if kind == "missing":
        return f"is missing; give {description}"
    if kind == "extra_forbidden":
        known = sorted(around.model_fields)
        return f"is not known{nearest(str(item['loc'][-1]), known)} (known: {', '.join(known)})"
    if kind == "literal_error":
        return f"{given!r} is none of {told['expected']}"
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"is {given}, it must be {words} {told[name]:g}: give {description}"
    if kind == "value_error":
        return f"{told['error']}; give {description}"
    if kind in _KINDS:
        return f"{_KINDS[kind].format(given=_short(given))}; give {description}"
    return f"{item['msg']}; give {description}"


_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}
_KINDS = {
    "float_parsing": "{given} is no number",
    "float_type": "{given} is no number",
    "finite_number": "{given} is no finite number",
    "int_parsing": "{given} is no whole number",
    "int_type": "{given} is no whole number",
    "int_from_float": "{given} is no whole number",
    "bool_parsing": "{given} is neither true nor false",
    "bool_type": "{given} is neither true nor false",
    "date_from_datetime_parsing": "{given} is no day of the calendar",
    "date_parsing": "{given} is no day of the calendar",
    "string_type": "{given} is no text",
    "string_too_short": "is empty",
    "string_pattern_mismatch": "{given} may have only letters, digits and _ . : -",
    "model_type": "{given} is no mapping",
    "tuple_type": "{given} is no list; begin each entry with `- `",
}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _place(model: type[BaseModel], location: Location) -> tuple[type[BaseModel], str]:
    """The model that a place belongs to, and what its field is for."""
    description = "what belongs there"
    for depth, step in enumerate(location, start=1):
        field = model.model_fields.get(step) if isinstance(step, str) else None
        if field is None:
            continue
        description = field.description or description
        if depth < len(location):
            model = next(_models_in(field.annotation), model)
    return model, description


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
