"""The workspace: where a company's own files live.

Belongs here: paths, and the company's secrets from the environment. Does not belong here: what
`productops.yml` may say (`ingest.config`), anything that reads or writes data.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingest.config import Config, ConfigError, parse_config

HASH_KEY = "PRODUCTOPS_HASH_KEY"
HOME = "PRODUCTOPS_HOME"


@dataclass(frozen=True)
class Workspace:
    """A company's folder with its configuration; `hash_key` never appears in its repr."""

    home: Path
    config: Config
    hash_key: str = ""

    def __repr__(self) -> str:
        """Shows the folder only: the hash key is a secret."""
        return f"Workspace({self.home})"

    @property
    def drop(self) -> Path:
        """Where exports are dropped."""
        return self.home / "drop"

    @property
    def registry(self) -> Path:
        """Where the company's own YAML registers live."""
        return self.home / "registry"

    @property
    def lake(self) -> Path:
        """Landed Parquet, quarantine and ledger."""
        return self.home / "lake"

    @property
    def warehouse(self) -> Path:
        """Folder of the private build."""
        return self.home / "warehouse"

    @property
    def warehouse_path(self) -> Path:
        """The private DuckDB file that only dbt writes."""
        return self.warehouse / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """What everyone reads."""
        return self.home / "published"

    @property
    def checks(self) -> Path:
        """Pages of the last evaluations of the gates."""
        return self.home / "checks"

    @property
    def state(self) -> Path:
        """Home of the orchestrator's own records."""
        return self.home / "state"

    @property
    def config_path(self) -> Path:
        """The company's `productops.yml`."""
        return self.home / "productops.yml"

    def secret(self, name: str) -> str:
        """A secret from the environment, else from `.env`; empty if it is in neither."""
        return os.environ.get(name) or read_dotenv(self.home / ".env").get(name, "")

    def as_of_at(self) -> datetime:
        """The present by the workspace's clock (UTC): `org.as_of` if set, else now."""
        as_of = self.config.org.as_of
        if as_of is None:
            return datetime.now(UTC)
        return as_of.replace(tzinfo=UTC) if as_of.tzinfo is None else as_of.astimezone(UTC)


def read_dotenv(path: Path) -> dict[str, str]:
    """`NAME=value` lines of a `.env` file; comments and blank lines are left out."""
    if not path.is_file():
        return {}
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs}


def open_workspace(home: Path) -> Workspace:
    """Opens a company's folder.

    Args:
        home: The folder that holds `productops.yml`.

    Raises:
        ConfigError: If the folder, its configuration or its hash key can't be used.
    """
    home = home.expanduser().resolve()
    path = home / "productops.yml"
    if not path.is_file():
        raise ConfigError(
            f"{path}: not found. Make a workspace with `productops init {home}`, "
            f"or point {HOME} at one."
        )
    config = parse_config(path.read_text(encoding="utf-8"), path)
    hash_key = Workspace(home, config).secret(HASH_KEY)
    if len(hash_key) < 16:
        raise ConfigError(
            f"{HASH_KEY} is not set (or shorter than 16 characters): e-mails can't be hashed. "
            f"Put `{HASH_KEY}=<long random text>` into {home / '.env'} and keep it for ever: "
            "another key makes all people new."
        )
    return Workspace(home=home, config=config, hash_key=hash_key)
