"""Who is told of what went wrong, when and by which way: the section `alerts:`.

Belongs here: what it may say. Does not belong here: incidents, messages and sending them
(`orchestration.lib.alerts`), and never secrets: those come from the environment alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]


def _of_minutes(value: Any) -> Any:
    """YAML takes 20:00 without quotes for the number 1200, and 20:00:00 for 72000."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 24 * 3600:
        return value
    minutes = value if value < 24 * 60 else value // 60
    return time(*divmod(minutes, 60))


_Time = Annotated[time, BeforeValidator(_of_minutes)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Channel(_Model):
    """One way to people: an Apprise URL, or a web hook that is given JSON; secret either way."""

    name: _Name
    kind: Literal["apprise", "webhook"] = "apprise"
    # Name of the variable that holds the whole address, which is the secret.
    url_env: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    # What gets the messages when this one has not taken any for so long.
    fallback: _Name | None = None
    fallback_after_minutes: int = Field(default=120, ge=1)
    timeout_seconds: int = Field(default=10, ge=1, le=15)


class Route(_Model):
    """Which incidents go where; what is left out holds for all. The first that fits counts."""

    owners: tuple[str, ...] = ()
    # Patterns such as marts/revenue__*.
    assets: tuple[str, ...] = ()
    # Tags of the asset in Dagster, and its group there.
    tags: tuple[str, ...] = ()
    severity: Severity = "info"
    to: tuple[_Name, ...]

    @property
    def takes_everything(self) -> bool:
        """Whether it has no condition."""
        return not (self.owners or self.assets or self.tags) and self.severity == "info"

    def fits(self, owner: str, asset: str, tags: Iterable[str], severity: Severity) -> bool:
        """Whether an incident takes this route."""
        return (
            (not self.owners or owner in self.owners)
            and (not self.assets or any(fnmatchcase(asset, known) for known in self.assets))
            and (not self.tags or not set(self.tags).isdisjoint(tags))
            and SEVERITIES.index(severity) >= SEVERITIES.index(self.severity)
        )


class QuietHours(_Model):
    """When nobody is disturbed, by the company's clock; messages wait until it is over."""

    starts_at: _Time
    ends_at: _Time
    weekends: bool = False
    critical_breaks: bool = True


class AlertRules(_Model):
    """The whole section; without channels incidents are kept and shown, and nobody is sent any."""

    # Where the web UI is, for links in messages.
    base_url: str = Field(default="http://127.0.0.1:3000", pattern=r"^https?://[^\s?#]+$")
    # Failures below it make no incident.
    from_severity: Severity = "warning"
    remind_after_hours: int = Field(default=24, ge=24)
    # Failing again so soon after a recovery is the same incident.
    same_incident_hours: int = Field(default=72, ge=1)
    # Without any finished run for so long somebody is told.
    silence_hours: int = Field(default=26, ge=1)
    # Of an address outside that tells people when it is no longer called.
    heartbeat_url_env: str | None = Field(default=None, pattern=r"^[A-Z][A-Z0-9_]*$")
    quiet_hours: QuietHours | None = None
    channels: tuple[Channel, ...] = ()
    routes: tuple[Route, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> AlertRules:
        names = [channel.name for channel in self.channels]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"channel {', '.join(twice)} stands there twice")
        asked = {name for route in self.routes for name in route.to}
        asked |= {channel.fallback for channel in self.channels if channel.fallback}
        if unknown := sorted(asked - set(names)):
            raise ValueError(
                f"no channel is named {', '.join(unknown)}; there are: {', '.join(names) or 'none'}"
            )
        if selfish := [c.name for c in self.channels if c.fallback == c.name]:
            raise ValueError(f"{selfish[0]} can't be the fallback of itself")
        if self.channels and not (self.routes and self.routes[-1].takes_everything):
            raise ValueError(
                "the last route must have no condition, only `to`; else some alerts reach nobody"
            )
        return self

    def channel(self, name: str) -> Channel | None:
        """The channel of that name."""
        return next((channel for channel in self.channels if channel.name == name), None)

    def route(
        self, owner: str, asset: str, tags: Iterable[str], severity: Severity
    ) -> Route | None:
        """The route that an incident takes."""
        tags = tuple(tags)
        return next((r for r in self.routes if r.fits(owner, asset, tags, severity)), None)
