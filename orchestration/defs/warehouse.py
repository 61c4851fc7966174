"""The warehouse's assets: one for each dbt model, built by dbt on a copy of the last good build.

Belongs here: how dbt is shown to Dagster. Does not belong here: preparing and placing the build
(`lib/build.py`), models (`dbt_project/`).
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from graphlib import TopologicalSorter
from typing import Any
from unittest import mock

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    dbt_assets,
)

from orchestration.defs.metadata import owners
from orchestration.defs.resources import WorkspaceResource
from orchestration.lib import publish as publishing
from orchestration.lib.admission import admit
from orchestration.lib.build import building, prepare, put_in_place
from orchestration.lib.manifest import load_manifest
from orchestration.lib.patience import patiently


class Translator(DagsterDbtTranslator):
    """Names, groups and owners of dbt's models in Dagster."""

    def __init__(self) -> None:
        """Tests of dbt are shown as checks too."""
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=True))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """[layer, table]."""
        name = dbt_resource_props["name"]
        if dbt_resource_props["resource_type"] == "source":
            return dg.AssetKey(["lake", name])
        return dg.AssetKey([dbt_resource_props["schema"], name])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The layer; marts by subject."""
        layer, *rest = dbt_resource_props["fqn"][1:-1] or ["seeds"]
        return f"marts_{rest[0]}" if layer == "marts" and rest else layer

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The model's own words, without its SQL."""
        return dbt_resource_props.get("description") or dbt_resource_props["name"]

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """The team that answers for it."""
        meta = dbt_resource_props.get("config", {}).get("meta") or {}
        return owners(meta.get("owner", "product-analytics"))


@dbt_assets(
    manifest=load_manifest(), name="warehouse", dagster_dbt_translator=Translator(),
)  # fmt: skip
def warehouse(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, workspace: WorkspaceResource
) -> Iterator[Any]:
    """Builds what changed; the warehouse of before stays until everything succeeded."""
    _refuse_a_part(context)
    home = workspace.open()
    with ExitStack() as held:
        patiently(lambda: held.enter_context(building(home)), context.log.warning)
        _, plan = admit(home)
        context.log.info(f"{plan.kind}: {'; '.join(plan.why)}")
        if not plan.builds:
            if publishing.is_pending(home):
                yield from _unchanged(context, plan.receipt.build_id if plan.receipt else "")
            return
        draft = prepare(home, plan)
        with mock.patch.dict(os.environ, draft.environment, clear=True):
            invocation = dbt.cli(list(draft.words), context=context, target_path=draft.target)
            yield from invocation.stream()
        receipt = put_in_place(home, draft)
    context.log.info(f"build {receipt.build_id} is in place")


def _refuse_a_part(context: dg.AssetExecutionContext) -> None:
    """A build with some of its models from another one would not be what its receipt says."""
    missing = warehouse.keys - set(context.selected_asset_keys)
    if missing:
        raise dg.Failure(
            f"The models of the warehouse are built together, and {len(missing)} of them are not "
            "selected. Launch `main_job`, or select the whole warehouse.",
            allow_retries=False,
        )


def _unchanged(context: dg.AssetExecutionContext, build_id: str) -> Iterator[dg.MaterializeResult]:
    """Tells downstream steps that the build is there, without building it again."""
    keys: set[dg.AssetKey] = set(context.selected_asset_keys)
    # Dagster wants what an asset is made of before the asset itself.
    for key in TopologicalSorter(warehouse.asset_deps).static_order():
        if key in keys:
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={"built_before_as": build_id},
                check_results=[
                    # A build whose blocking tests fail is never put in place.
                    dg.AssetCheckResult(
                        passed=True, asset_key=key, check_name=spec.name,
                        description="Nothing was built since it passed.",
                    )
                    for spec in warehouse.check_specs
                    if spec.blocking and spec.asset_key == key
                    and spec.key in context.selected_asset_check_keys
                ],
            )  # fmt: skip
