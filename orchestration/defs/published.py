"""What is published: marts that BI tools read and pages that people read.

Belongs here: how publishing is shown to Dagster. Does not belong here: publishing itself.
"""

from collections.abc import Iterator

import dagster as dg

from orchestration.defs.gates import mart_key
from orchestration.defs.metadata import owners, table
from orchestration.defs.resources import WorkspaceResource
from orchestration.lib.dictionary import read_marts
from orchestration.lib.patience import patiently
from orchestration.lib.publish import DATABASE, publish

MARTS = dg.AssetKey(["published", "marts"])
PAGES = dg.AssetKey(["published", "pages"])


def published_specs() -> list[dg.AssetSpec]:
    """Specs of what is published; every mart must have passed its gate before."""
    marts = [mart_key(model["name"]) for _, model in read_marts()]
    team = owners("product-ops")
    return [
        dg.AssetSpec(
            MARTS,
            deps=marts,
            description="One DuckDB file of all marts and one Parquet file for each, swapped in "
            "atomically. The only thing that BI tools read.",
            kinds={"duckdb", "parquet"},
            group_name="published",
            owners=team,
            skippable=True,
        ),
        dg.AssetSpec(
            PAGES,
            deps=marts,
            description="Static pages with key numbers, findings and plots; no server needed.",
            kinds={"html"},
            group_name="published",
            owners=team,
            skippable=True,
        ),
    ]


@dg.multi_asset(name="publish", specs=published_specs())
def published(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> Iterator[dg.MaterializeResult]:
    """Publishes the build if its receipt and every gate allow it, whoever asks."""
    home = workspace.open()
    result = patiently(lambda: publish(home), context.log.warning)
    current = home.published / "current"
    context.log.info(f"published {result.build_id}" if result.is_new else "is published already")
    yield dg.MaterializeResult(
        asset_key=MARTS,
        metadata={
            "build": result.build_id,
            "dagster/row_count": sum(result.rows.values()),
            "rows": table(("mart", "rows"), sorted(result.rows.items())),
            "database": dg.MetadataValue.path(str(current / DATABASE)),
        },
    )
    yield dg.MaterializeResult(
        asset_key=PAGES,
        metadata={
            "build": result.build_id,
            "page": dg.MetadataValue.url((current / "pages" / "index.html").as_uri()),
        },
    )
