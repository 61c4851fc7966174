"""Resources: the workspace that a run works on, and dbt.

Belongs here: how a run finds its company. Nothing is opened or read when definitions are loaded.
"""

import os
import sys
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource
from packaging.version import Version

from ingest.settings import HOME, Workspace, open_workspace
from orchestration.lib.paths import DBT_PROJECT


class WorkspaceResource(dg.ConfigurableResource):
    """A company's folder; by default the one that PRODUCTOPS_HOME names."""

    home: str = ""

    def open(self) -> Workspace:
        """Opens the folder; raises `ConfigError` that says how to make one."""
        return open_workspace(Path(self.home or os.environ.get(HOME, ".")))


class Dbt(DbtCliResource):
    """dbt as installed; its version is looked up instead of starting dbt only to ask for it."""

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))


def make_resources() -> dict[str, object]:
    """Resources by the names under which assets ask for them."""
    return {
        "workspace": WorkspaceResource(),
        "dbt": Dbt(
            project_dir=str(DBT_PROJECT),
            profiles_dir=str(DBT_PROJECT),
            # The one of this environment, wherever the shell would look.
            dbt_executable=str(Path(sys.executable).with_name("productops-dbt")),
        ),
    }
