"""The house rules of the dbt project, read off its manifest and its files.

Belongs here: rules about models as such. Does not belong here: what a model computes.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from .project import PROJECT, parse_project

MODELS = PROJECT / "models"
LAYERS = ("staging", "intermediate", "core", "marts")
MAY_READ = {
    "staging": {"source"},
    "intermediate": {"staging", "intermediate"},
    "core": {"staging", "intermediate", "core"},
    "marts": {"core", "marts"},
}
LAST_COLUMNS = ["is_complete", "data_through_at", "definition_version"]
NAMES = {
    "staging": r"stg_[a-z_]+",
    "intermediate": r"int_[a-z]+__[a-z_]+",
    "core": r"(dim|fct|bridge)_[a-z_]+",
    "marts": r"[a-z_]+__[a-z_]+",
}
# DuckDB alone understands these, or other engines answer differently without a word.
NOT_PORTABLE = {
    r"\bexclude\s*\(": "select * exclude",
    r"\breplace\s*\(\s*\w+\s+as\b": "select * replace",
    r"\b(array_agg|list)\s*\([^()]*\border\s+by": "an ordered array_agg",
    r"\b(json_extract\w*|from_json|json_value|json_array\w*)\s*\(|->>?": "JSON: use json_text",
    r"\b(date_diff|datediff|date_sub|date_add|dateadd|date_part|epoch\w*)\s*\(":
    "date arithmetic: use days_between",
    r"\b(generate_series|range|unnest|explode)\s*\(": "rows from lists: use date_spine",
    r"\b(regexp_matches|regexp_like|regexp_full_match|regexp_replace|rlike)\b": "use matches",
    r"\b(approx_\w+|arg_max|arg_min|max_by|min_by|hash)\s*\(": "an engine's own aggregate",
    r"\bignore\s+nulls\b": "ignore nulls",
    r"(?<!/)//(?!/)": "//",
    r"\basof\b": "asof join",
    r"\bby\s+name\b": "union by name",
    r"\b(isodow|dayofweek|dow|strftime|strptime|date_format|to_timestamp)\b":
    "weekdays and formats",
    r"\b(starts_with|list_\w+|array_\w+|struct_\w+)\s*\(": "list and prefix functions",
    r"\b(read_parquet|read_json|read_csv|read_text|glob)\s*\(": "files: use lake",
    r"\b(concat|concat_ws)\s*\(": "concat treats NULL differently: use ||",
    r"\b(percentile_cont|percentile_disc|median|quantile\w*)\b": "use percentile",
    r"\b(timezone|from_utc_timestamp|to_utc_timestamp)\s*\(": "use local_date",
    r"\bas\s+(int|integer|tinyint|smallint)\b(?!\s*,|\s*$)":
    "rounds on one engine and cuts on another",
    r"\bgetdate\b|\bcurrent_(date|timestamp)\b|\bnow\s*\(": "use as_of_at",
    r",\s*(from|where|group by|order by)\b": "a trailing comma",
    r'"[a-z_]+"': "quoted identifiers",
    r"\b(least|greatest)\s*\(": "treats NULL differently: use least_of",
}  # fmt: skip


def models() -> dict[str, Any]:
    nodes = parse_project().nodes.values()
    return {n.name: n for n in nodes if n.resource_type == "model"}


def layer(node: Any) -> str:
    return node.path.split("/")[0]


def subject(node: Any) -> str:
    return node.path.split("/")[1]


def sql_only(text: str) -> str:
    """SQL without comments, Jinja and texts in quotes."""
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}", " ", text, flags=re.DOTALL)
    text = re.sub(r"\{\{.*?\}\}", " x ", text, flags=re.DOTALL)
    text = re.sub(r"--[^\n]*", " ", text)
    return re.sub(r"'(?:[^']|'')*'", "''", text)


def not_portable(text: str) -> list[str]:
    sql = sql_only(text).lower()
    return [why for pattern, why in NOT_PORTABLE.items() if re.search(pattern, sql)]


def broken_reference(reader: str, read: str, same_subject: bool) -> bool:
    """Whether a model of one layer must not read one of another."""
    if reader == "marts" and read == "marts":
        return not same_subject
    return read not in MAY_READ[reader]


def faults_of_columns(mart: str, columns: list[str]) -> list[str]:
    """What is wrong with the columns of a mart."""
    faults = []
    if columns[-3:] != LAST_COLUMNS:
        faults.append(f"{mart} does not end with {', '.join(LAST_COLUMNS)}")
    for column in columns:
        stem = column.removesuffix("_rate")
        if stem != column and not {f"{stem}_num", f"{stem}_den"} <= set(columns):
            faults.append(f"{mart}.{column} has no {stem}_num and {stem}_den")
    return faults


def all_models() -> list[Any]:
    return [pytest.param(node, id=name) for name, node in sorted(models().items())]


@pytest.mark.parametrize("node", all_models())
def test_reads_only_what_its_layer_may(node: Any) -> None:
    found = parse_project()
    for key in node.depends_on.nodes:
        parent = found.nodes.get(key) or found.sources[key]
        if parent.resource_type == "seed":
            continue
        read = "source" if parent.resource_type == "source" else layer(parent)
        same = read == "marts" and subject(node) == subject(parent)
        assert not broken_reference(layer(node), read, same), f"{node.name} reads {parent.name}"


@pytest.mark.parametrize("node", all_models())
def test_describes_itself_and_keeps_its_contract(node: Any) -> None:
    sql = MODELS / node.path
    text = sql.with_suffix(".yml").read_text()
    (described,) = yaml.safe_load(text)["models"]
    assert described["name"] == node.name == sql.stem
    assert node.description.startswith("One row per ")
    assert node.config.contract.enforced
    assert node.columns, "no columns"
    for column in node.columns.values():
        assert len(column.description.strip()) > 3, f"{node.name}.{column.name} has no description"
        assert column.data_type, f"{node.name}.{column.name} has no type"
    assert node.config.meta.get("owner"), "no owner"


@pytest.mark.parametrize("node", all_models())
def test_is_named_and_placed_by_its_layer(node: Any) -> None:
    assert re.fullmatch(NAMES[layer(node)], node.name)
    assert node.schema == layer(node)
    assert layer(node) in LAYERS


@pytest.mark.parametrize("node", all_models())
def test_runs_on_another_engine(node: Any) -> None:
    assert not_portable((MODELS / node.path).read_text()) == []


@pytest.mark.parametrize("node", [p for p in all_models() if layer(p.values[0]) == "marts"])
def test_marts_end_alike_and_ratios_have_parts(node: Any) -> None:
    assert faults_of_columns(node.name, list(node.columns)) == []


@pytest.mark.parametrize("node", [p for p in all_models() if layer(p.values[0]) == "marts"])
def test_marts_call_nobody_what_the_source_calls_them(node: Any) -> None:
    """Some help desks deliver names of people where others have ids: they stay inside."""
    names = r"(requester|author|assignee|agent|researcher|user|member)_(ref|key)"
    assert [c for c in node.columns if re.fullmatch(names, c)] == []


def test_files_stay_readable() -> None:
    limits = {".sql": 120, ".yml": 150}
    files = [p for p in PROJECT.rglob("*") if p.suffix in limits and "target" not in p.parts]
    long = {p.name: n for p in files if (n := len(p.read_text().splitlines())) > limits[p.suffix]}
    assert long == {}


def test_engine_differences_stand_behind_dispatch_in_macros() -> None:
    for path in sorted((PROJECT / "macros" / "portable").glob("*.sql")):
        text = path.read_text()
        for body in re.findall(r"\{%\s*macro .*?endmacro\s*-?%\}", text, flags=re.DOTALL):
            name = re.search(r"macro (\w+)", body).group(1)
            if name.startswith(("duckdb__", "default__")):
                assert f"dispatch('{name.split('__')[1]}'" in text, f"{name} is never dispatched to"
            else:
                faults = set(not_portable(body)) - {
                    "use percentile",
                    "date arithmetic: use days_between",
                }
                assert not faults, f"{path.name}: {name}: {faults}"
    for name in set(
        re.findall(
            r"dispatch\('(\w+)'",
            "".join(p.read_text() for p in (PROJECT / "macros").rglob("*.sql")),
        )
    ):
        macros = {m.name for m in parse_project().macros.values()}
        assert {f"default__{name}", f"duckdb__{name}"} <= macros, name


# ---- the rules see what breaks them


@pytest.mark.parametrize(("reader", "read"), [("staging", "staging"), ("intermediate", "source"),
                                              ("intermediate", "core"), ("core", "marts"),
                                              ("marts", "staging"),
                                              ("marts", "intermediate"), ("marts",
                                              "source")])  # fmt: skip
def test_wrong_references_are_seen(reader: str, read: str) -> None:
    assert broken_reference(reader, read, False)


def test_marts_of_another_subject_are_out_of_reach() -> None:
    assert broken_reference("marts", "marts", False)
    assert not broken_reference("marts", "marts", True)


@pytest.mark.parametrize("sql", [
    "select * exclude (a) from b", "select json_extract_string(a, '$.b') from c", "select a->>'b'",
    "select date_diff('day', a, b)", "select unnest([1, 2])", "select a, from b", 'select "a"',
    "select concat(a, null)", "select regexp_matches(a, 'b')", "select now()",
    "select arg_max(a, b)",
    "select last_value(a ignore nulls) over ()", "select a // b", "from a asof join b",
    "select least(a, b)",
    "select array_agg(a order by b)", "select * from read_parquet('x')", "select median(a)",
    "select cast(a / b as int) + 1", "select strftime(a, '%Y')",
])  # fmt: skip
def test_foreign_sql_is_seen(sql: str) -> None:
    assert not_portable(sql)


@pytest.mark.parametrize("sql", [
    "select a from b -- no unnest(x) here", "{{ add_days('a', 1) }}",
    "select 'now() // x', a from b",
    "select count(distinct a), row_number() over (partition by a order by b) from c",
])  # fmt: skip
def test_plain_sql_is_let_through(sql: str) -> None:
    assert not not_portable(sql)


def test_a_mart_without_its_last_columns_or_parts_is_seen() -> None:
    assert len(faults_of_columns("m", ["a_rate", "a_num", "is_complete", "data_through_at"])) == 2
    assert faults_of_columns("m", ["a_num", "a_den", "a_rate", *LAST_COLUMNS]) == []
