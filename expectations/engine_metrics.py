"""Metrics that DuckDB answers with less work than Great Expectations' general SQL.

Belongs here: metrics of Great Expectations defined anew for the DuckDB engine, with the same
meaning. Does not belong here: the engine itself (`expectations.engine`).

- Column types come from `DESCRIBE`, which knows queries as well as tables.
- Whether a key is unique is first asked of its hashes: as many different ones as rows prove it, in
  half the time and memory. Only where they are fewer, rows are counted by the key itself. The
  general SQL of a key of several columns also loses rows of which a part is missing.
- Rows of a query of one's own are fetched only if there are any. The general way fetches them and
  then counts them with a second scan, and to fetch none of a hundred columns costs more than to
  count none.
"""

from __future__ import annotations

from typing import Any


def define_metrics(engine: Any, sa: Any) -> None:
    """Registers the metrics with Great Expectations for `engine`, an execution engine class."""
    from great_expectations.expectations.metrics.map_metric_provider import (
        multicolumn_function_partial,
    )
    from great_expectations.expectations.metrics.metric_provider import (
        MetricProvider,
        metric_value,
    )
    from great_expectations.expectations.metrics.multicolumn_map_metrics import (
        CompoundColumnsUnique,
    )
    from great_expectations.expectations.metrics.query_metrics import UnexpectedRowsQueryTable
    from great_expectations.expectations.metrics.table_metrics.table_column_types import ColumnTypes
    from great_expectations.validator.validation_graph import MetricConfiguration

    class DuckDBColumnTypes(ColumnTypes):
        """Names and types of a batch's columns, as DuckDB describes them."""

        metric_name = "table.column_types"

        @metric_value(engine=engine)
        def _duckdb(
            cls,  # noqa: N805
            execution_engine: Any,
            metric_domain_kwargs: dict,
            **_: Any,
        ) -> list[dict[str, Any]]:
            selectable, *_rest = execution_engine.get_compute_domain(
                metric_domain_kwargs, domain_type="table"
            )
            text = _text(execution_engine, _as_select(sa, selectable))
            found = execution_engine.execute_query(sa.text(f"describe {text}")).fetchall()
            return [{"name": row[0], "type": row[1]} for row in found]

    def key_metrics(stem: str, key: str, domain_type: str) -> None:
        """Three metrics of one key: rows and different hashes; from them rows, and doubled rows."""
        keys = ("batch_id", "table", key, "row_condition", "condition_parser", "ignore_row_if")

        class KeyCounts(MetricProvider):
            """How many rows have the key, and how many different hashes of it there are."""

            metric_name = f"{stem}.counts"
            domain_keys = keys

            @metric_value(engine=engine)
            def _duckdb(
                cls,  # noqa: N805
                execution_engine: Any,
                metric_domain_kwargs: dict,
                **_: Any,
            ) -> tuple[int, int]:
                columns, rows = _keyed(sa, execution_engine, metric_domain_kwargs, key, domain_type)
                different = sa.func.count(sa.distinct(sa.func.hash(*columns)))
                query = sa.select(sa.func.count(), different).select_from(rows)
                return tuple(execution_engine.execute_query(query).fetchone())

        class FromCounts(MetricProvider):
            domain_keys = keys

            @classmethod
            def _get_evaluation_dependencies(cls, metric: Any, *_: Any, **__: Any) -> dict:
                name = f"{stem}.counts"
                return {name: MetricConfiguration(name, metric.metric_domain_kwargs)}

        class KeyedRows(FromCounts):
            """Rows that have the key."""

            metric_name = f"{stem}.filtered_row_count"

            @metric_value(engine=engine)
            def _duckdb(cls, metrics: dict, **_: Any) -> int:  # noqa: N805
                return metrics[f"{stem}.counts"][0]

        class DoubledRows(FromCounts):
            """Rows whose key stands in another row too."""

            metric_name = f"{stem}.unexpected_count"

            @metric_value(engine=engine)
            def _duckdb(
                cls,  # noqa: N805
                execution_engine: Any,
                metric_domain_kwargs: dict,
                metrics: dict,
                **_: Any,
            ) -> int:
                total, different = metrics[f"{stem}.counts"]
                if total == different:
                    return 0
                columns, rows = _keyed(sa, execution_engine, metric_domain_kwargs, key, domain_type)
                number = sa.func.count()
                groups = sa.select(number.label("n")).select_from(rows).group_by(*columns)
                doubled = groups.having(number > 1).subquery("doubled")
                query = sa.select(sa.func.coalesce(sa.func.sum(doubled.c.n), 0))
                return int(execution_engine.execute_query(query).fetchone()[0])

    class RowsOfKeys(CompoundColumnsUnique):
        """Each row with the number of rows of its key, for those who ask for the rows."""

        @multicolumn_function_partial(engine=engine)
        def _duckdb_function(
            self,
            column_list: list[Any],
            _table: Any,
            _table_columns: list[str],
            **_: Any,
        ) -> Any:
            number = sa.func.count().over(partition_by=column_list).label("_num_rows")
            rows = _as_select(sa, _table).subquery("keyed")
            columns = [sa.column(str(name)) for name in _table_columns]
            return sa.select(*columns, number).select_from(rows).alias("counted")

    key_metrics("column_values.unique", "column", "column")
    key_metrics("compound_columns.unique", "column_list", "multicolumn")

    class DuckDBUnexpectedRows(UnexpectedRowsQueryTable):
        """The first rows that a query of one's own finds wrong."""

        metric_name = "unexpected_rows_query.table"
        value_keys = ("unexpected_rows_query",)

        @metric_value(engine=engine)
        def _duckdb(
            cls,  # noqa: N805
            execution_engine: Any,
            metric_domain_kwargs: dict,
            metric_value_kwargs: dict,
            metrics: dict,
            runtime_configuration: dict,
        ) -> list[dict]:
            if not metrics["unexpected_rows_query.row_count"]:
                return []
            return UnexpectedRowsQueryTable._sqlalchemy(
                cls, execution_engine, metric_domain_kwargs, metric_value_kwargs, metrics,
                runtime_configuration,
            )  # fmt: skip

        @classmethod
        def _get_evaluation_dependencies(
            cls, metric: Any, configuration: Any = None, execution_engine: Any = None,
            runtime_configuration: Any = None,
        ) -> dict:  # fmt: skip
            counted = MetricConfiguration(
                metric_name="unexpected_rows_query.row_count",
                metric_domain_kwargs=metric.metric_domain_kwargs,
                metric_value_kwargs=metric.metric_value_kwargs,
            )
            return {counted.metric_name: counted}


def _as_select(sa: Any, selectable: Any) -> Any:
    if isinstance(selectable, sa.Select):
        return selectable
    return sa.select(sa.text("*")).select_from(selectable)


def _text(execution_engine: Any, query: Any) -> str:
    dialect = execution_engine.engine.dialect
    return str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _keyed(
    sa: Any, execution_engine: Any, domain: dict, key: str, domain_type: str
) -> tuple[list[Any], Any]:
    """Columns of the key, and the rows of the domain; missing values of one column are no key."""
    selectable, *_rest = execution_engine.get_compute_domain(domain, domain_type=domain_type)
    names = domain[key] if isinstance(domain[key], list | tuple) else [domain[key]]
    columns = [sa.column(str(name)) for name in names]
    query = _as_select(sa, selectable)
    if domain_type == "column":
        query = query.where(columns[0].is_not(None))
    return columns, query.subquery("keyed")
