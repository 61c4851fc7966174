"""What a company's `productops.yml` says, checked.

Belongs here: its words, their defaults, and errors that name file, line, field and remedy. Does
not belong here: where things lie and secrets (`ingest.settings`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from ingest.alerting import AlertRules
from ingest.storage import Storage

_DOMAIN = r"^[a-z0-9-]+(\.[a-z0-9-]+)+$"


class ConfigError(ValueError):
    """The workspace or its configuration can't be used; the message says what to do."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Org(_Model):
    """The company: reporting zone and currency, and what its own people look like."""

    name: str
    time_zone: str = "UTC"
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    internal_domains: tuple[str, ...] = ()
    product_born_on: date = date(2005, 1, 1)
    as_of: datetime | None = None

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is no IANA time zone such as Europe/Berlin") from error
        return value


class Exclusion(_Model):
    """A rule that takes people, accounts or clients out of the counts, with its reason."""

    subject_type: Literal[
        "email_domain", "email_key", "user_id", "account", "user_agent", "event_name"
    ]
    subject: str
    reason: str
    valid_from: date | None = None
    valid_to: date | None = None


class SourceMapping(_Model):
    """A generic mapping: files that are no native vendor export, told field by field."""

    # A folder of the lake bears the name.
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    files: str
    # What its named groups find in a file's name can be read as `_file.<group>`.
    file_pattern: str | None = None
    reader: dict[str, Any]
    contract: str | None = None
    fields: dict[str, Any] = Field(default_factory=dict)
    clock: dict[str, Any] | None = None
    parts: tuple[dict[str, Any], ...] = ()
    zone: str | None = None
    # Share of a delivery's rows that may be set aside before nothing is published.
    quarantine_limit: float = Field(default=0.05, ge=0, le=1)


ApiVendor = Literal[
    "amplitude", "freshdesk", "google_workspace", "hubspot", "intercom", "jira", "mixpanel", "okta",
    "posthog", "productboard", "zendesk",
]  # fmt: skip


class ApiSource(_Model):
    """A vendor's API that is pulled; the secret itself stands in the environment or `.env`."""

    # A project's id is written as a number.
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    # A folder of the lake's raw pages bears the name.
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    vendor: ApiVendor
    # Secrets travel encrypted; plain HTTP is for tests on this very machine.
    base_url: str = Field(pattern=r"^(https://[^/@?#]+|http://(127\.0\.0\.1|localhost):\d+)/?$")
    streams: tuple[str, ...] = ()
    start_at: AwareDatetime | date
    credentials_env: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    # What the vendor needs beside that: a project's id, a query.
    options: dict[str, str] = Field(default_factory=dict)
    max_pages: int = Field(default=5000, ge=1)
    every_minutes: int = Field(default=60, ge=1)
    # Share of a stream's records that may be set aside before they are held back.
    quarantine_limit: float = Field(default=0.05, ge=0, le=1)

    @property
    def starts_at(self) -> datetime:
        """Beginning of what is pulled, in UTC."""
        if isinstance(self.start_at, datetime):
            return self.start_at.astimezone(UTC)
        return datetime.combine(self.start_at, time.min, UTC)


class Publishing(_Model):
    """How many published builds and pages of checks stay, and where pages are served."""

    keep_builds: int = Field(default=5, ge=1)
    keep_check_pages: int = Field(default=30, ge=1)
    # Where browsers reach the pages that `productops up` serves, if a proxy stands before it.
    pages_url: str = Field(default="", pattern=r"^(https?://\S+)?$")


class IdentityRules(_Model):
    """From where on ids are taken for a mistake of the data or for a program."""

    # People who sign in on one device within 30 days; with more it is a counter or a classroom.
    device_person_limit: int = Field(default=5, ge=1)
    # User ids and mailboxes of one person; with more a mailbox such as test@ joined strangers.
    person_alias_limit: int = Field(default=20, ge=1)
    # Events of one id in a minute, or in a UTC day; with more a program sends them.
    id_minute_event_limit: int = Field(default=300, ge=1)
    id_day_event_limit: int = Field(default=20_000, ge=1)
    # Domains at which anybody can have a mailbox, beside those that are known: no employer's.
    public_email_domains: tuple[Annotated[str, Field(pattern=_DOMAIN)], ...] = ()


class OwnPattern(_Model):
    """A company's own kind of thing that free text must not keep, such as its customer numbers."""

    kind: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    pattern: str

    @field_validator("pattern")
    @classmethod
    def _usable(cls, value: str) -> str:
        import duckdb

        try:
            row = duckdb.execute("select regexp_matches('', $1)", [value]).fetchone()
        except duckdb.Error as error:
            first = str(error).partition("\n")[0]
            raise ValueError(
                f"{value!r} is no RE2 pattern ({first}); RE2 knows no look-around and no "
                "back-references"
            ) from error
        if row and row[0]:
            raise ValueError(f"{value!r} fits an empty text, and so would be found everywhere")
        return value


class PrivacyRules(_Model):
    """What is taken out of free text beside what productops knows (`docs/privacy.md`)."""

    # Days for which delivered bytes are kept in `lake/landing`.
    keep_raw_days: int = Field(default=400, ge=1)
    patterns: tuple[OwnPattern, ...] = ()
    # Words before a telephone number in the company's languages.
    phone_cues: tuple[Annotated[str, Field(min_length=2)], ...] = ()
    # Whether the clear value of e-mail addresses is kept beside the hashes, for the owner alone.
    keep_clear_emails: bool = False

    @field_validator("keep_clear_emails", mode="before")
    @classmethod
    def _sure(cls, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError(
                f"{value!r} is neither true nor false; leave it out to keep hashes alone"
            )
        return value


class Config(_Model):
    """The whole of `productops.yml`."""

    org: Org
    exclusions: tuple[Exclusion, ...] = ()
    sources: tuple[SourceMapping, ...] = ()
    apis: tuple[ApiSource, ...] = ()
    publishing: Publishing = Publishing()
    storage: Storage = Storage()
    identity: IdentityRules = IdentityRules()
    privacy: PrivacyRules = PrivacyRules()
    alerts: AlertRules = AlertRules()
    owners: dict[str, str] = Field(default_factory=dict)

    @field_validator("apis")
    @classmethod
    def _one_each(cls, value: tuple[ApiSource, ...]) -> tuple[ApiSource, ...]:
        # Ids of two accounts of one vendor would be taken for each other.
        for word in ("name", "vendor"):
            said = [getattr(api, word) for api in value]
            if twice := sorted({item for item in said if said.count(item) > 1}):
                raise ValueError(f"{word} {', '.join(twice)} stands there twice")
        return value


def _line_of(text: str, location: tuple[int | str, ...]) -> int:
    """Line of the YAML node at `location`, as near as it can be found (1-based)."""
    node = yaml.compose(text)
    line = 1
    for step in location:
        child = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == step:
                    line, child = key.start_mark.line + 1, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            child = node.value[step] if step < len(node.value) else None
            line = child.start_mark.line + 1 if child else line
        if child is None:
            break
        node = child
    return line


def line_in(path: Path, location: tuple[int | str, ...]) -> int:
    """Line of a place in a YAML file, for messages; 1 where it can't be told."""
    try:
        return _line_of(path.read_text(encoding="utf-8"), location)
    except (OSError, ValueError, yaml.YAMLError):
        return 1


def parse_config(text: str, path: Path) -> Config:
    """Reads `productops.yml`; raises `ConfigError` with file, line, field and remedy."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{path}:1: expected a mapping that begins with `org:`")
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        problems = [
            f"{path}:{_line_of(text, item['loc'])}: "
            f"{'.'.join(str(step) for step in item['loc'])}: {item['msg']}"
            for item in error.errors()
        ]
        raise ConfigError("\n".join(problems)) from error
