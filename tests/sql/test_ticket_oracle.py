"""Marts of tickets and promises against an oracle in plain Python, over random tickets."""

from __future__ import annotations

from pathlib import Path

import pytest

from .fixture_lake import Warehouse
from .support_clocks import FIGURES, figures_of, reason_of, ticket_row
from .support_counts import rounded
from .support_oracle import SupportOracle
from .support_reconciled import add_day_reports, day_rows
from .support_reports import add_metric_sets
from .support_sla import sla_rows
from .support_world import World, random_world
from .test_support_oracle import build, expected

OURS = {f"{name}_in_minutes.calendar": clock for clock, name in FIGURES.items()}
OURS |= {f"{name}_in_minutes.business": f"{clock}_business" for clock, name in FIGURES.items()}
OURS |= {"replies": "reply", "reopens": "reopen"}


def reported_world(seed: int, tickets: int = 140) -> tuple[World, SupportOracle]:
    world = random_world(seed, tickets)
    oracle = expected(world)
    add_metric_sets(world, oracle, seed)
    add_day_reports(world, oracle, seed)
    return world, expected(world)


@pytest.fixture(scope="module")
def told() -> tuple[World, SupportOracle]:
    return reported_world(3, 110)


@pytest.fixture(scope="module")
def built(told: tuple[World, SupportOracle], tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return build(tmp_path_factory.mktemp("tickets"), told[0])


def rows_of(warehouse: Warehouse) -> dict[tuple[str, str], dict[str, object]]:
    names = [
        name
        for (name,) in warehouse.query(
            "select column_name from information_schema.columns "
            "where table_schema = 'marts' and table_name = 'ticket__ticket' "
            "order by ordinal_position"
        )
    ]
    rows = [dict(zip(names, row, strict=True)) for row in warehouse.rows("marts.ticket__ticket")]
    return {(row["source"], row["ticket_id"]): row for row in rows}


def differing(found: dict, oracle: SupportOracle) -> list[tuple]:
    """Cells that are not the oracle's."""
    wrong = []
    for ticket in oracle.tickets:
        row = found[ticket.key]
        wrong += [(*ticket.key, name, row[name], value)
                  for name, value in ticket_row(ticket).items() if row[name] != value]  # fmt: skip
    return wrong


def differing_figures(found: dict, oracle: SupportOracle) -> list[tuple]:
    """Reported figures, differences and reasons that are not the oracle's."""
    wrong, tickets = [], {t.key: t for t in oracle.tickets}
    for report in oracle.rows["vendor_reports"]:
        if report["report"] == "support_day":
            continue
        ticket = tickets[report["source"], report["subject_id"]]
        stem, (own, _, _, unit) = OURS[report["metric"]], figures_of(ticket)[report["metric"]]
        ending = "_seconds" if unit == 60 else "_count"
        theirs = None if report["reported_value"] is None else report["reported_value"] * unit
        row = found[ticket.key]
        both = own is not None and theirs is not None
        wanted = (
            theirs,
            own - theirs if both else None,
            reason_of(ticket, report["metric"], report),
        )
        got = (row[f"vendor_reported_{stem}{ending}"], row[f"{stem}_difference{ending}"],
               row[f"{stem}_difference_reason"])  # fmt: skip
        if wanted != got:
            wrong.append((*ticket.key, report["metric"], got, wanted))
    return wrong


def test_each_clock_of_each_ticket(built: Warehouse, told: tuple[World, SupportOracle]) -> None:
    found, oracle = rows_of(built), told[1]
    assert len(found) == len(oracle.tickets) > 100
    assert differing(found, oracle)[:6] == []
    for name in ("next_reply_seconds", "on_hold_business_seconds", "csat", "feature_ids"):
        assert len({row[name] for row in found.values()}) > 2, name
    one = "full_resolution_one_schedule_seconds"
    assert any(row[one] != row["full_resolution_business_seconds"] for row in found.values())
    assert any(row["reopen14_count"] for row in found.values())
    assert not all(row["is_countable"] for row in found.values())


def test_reported_figures_and_why_they_differ(
    built: Warehouse, told: tuple[World, SupportOracle]
) -> None:
    found = rows_of(built)
    assert differing_figures(found, told[1])[:4] == []
    reasons = {row[f"{stem}_difference_reason"] for row in found.values() for stem in OURS.values()}
    assert {"equal", "later data", "schedule rule", "schedule not known", "inferred status",
            "not reported", "not explained", None} <= reasons  # fmt: skip


def promises_of(warehouse: Warehouse) -> set[tuple]:
    return {rounded(row[:-1]) for row in warehouse.rows("marts.sla__policy_week")}


def test_promises_of_each_week(built: Warehouse, told: tuple[World, SupportOracle]) -> None:
    found, wanted = promises_of(built), sla_rows(told[1])
    assert sorted(found - wanted, key=str)[:3] == sorted(wanted - found, key=str)[:3]
    for place in range(7, 13):
        assert sum(row[place] for row in found) > 0, place


def days_of(warehouse: Warehouse) -> set[tuple]:
    columns = "source, metric, day_on, own_value, vendor_value, difference, time_zone_difference, "
    columns += "schedule_difference, rounding_difference, exclusion_difference, "
    columns += "merged_deleted_difference, late_difference, residual, is_complete"
    query = f"select {columns} from marts.reconciliation__source_day where basis = 'day report'"
    return {
        tuple(round(v, 6) + 0.0 if isinstance(v, float) else v for v in row)
        for row in warehouse.query(query)
    }


def test_why_the_help_desk_reports_another_day(
    built: Warehouse, told: tuple[World, SupportOracle]
) -> None:
    found, wanted = days_of(built), day_rows(told[1])
    assert sorted(found - wanted, key=str)[:3] == sorted(wanted - found, key=str)[:3]
    assert len(found) == 2 * 16 * 7
    # All of it happens on whole minutes, so rounding (8) changes nothing here.
    for place in (6, 7, 9, 10, 11, 12):
        assert sum(abs(row[place]) for row in found) > 0, place


def test_figures_of_tickets_add_up_by_day(
    built: Warehouse, told: tuple[World, SupportOracle]
) -> None:
    """The first reply in business minutes: ours, theirs, and what only a schedule explains."""
    oracle, days = told[1], {}
    tickets = {t.key: t for t in oracle.tickets}
    name = "reply_time_in_minutes.business"
    for report in oracle.rows["vendor_reports"]:
        ticket = tickets.get((report["source"], report["subject_id"]))
        if report["metric"] != name or ticket is None:
            continue
        why, row = reason_of(ticket, name, report), ticket_row(ticket)
        if why is None:
            continue
        own = (row["first_reply_business_seconds"] or 0) / 60 if ticket.is_countable else 0
        theirs = report["reported_value"] or 0
        day = days.setdefault((ticket.source, row["created_on"]), [0, 0, 0, 0])
        is_schedule = ticket.is_countable and why in ("schedule rule", "schedule not known")
        is_odd = ticket.is_countable and why in (
            "clock fault",
            "inferred status",
            "not reported",
            "not explained",
        )
        apart = own - theirs
        for n, part in enumerate((own, theirs, is_schedule * apart, is_odd * apart)):
            day[n] += part
    found = built.query(
        "select source, day_on, own_value, vendor_value, schedule_difference, residual "
        "from marts.reconciliation__source_day "
        "where basis = 'ticket figures' and metric = 'first_reply_business_minutes'"
    )
    assert {row[:2]: pytest.approx(row[2:]) for row in found} == {
        key: tuple(day) for key, day in days.items()
    }


def test_own_checks_pass(built: Warehouse) -> None:
    own = ["marts.support", "reconciliation__source_day", "int_support__span"]
    own += ["int_support__clock", "int_support__next_reply", "dim_sla_policy"]
    own += ["fct_ticket", "fct_ticket_moment", "fct_ticket_target", "fct_ticket_clock"]
    own += ["fct_ticket_figure", "fct_support_report"]
    done = built.run("test", select=own, exclude=["resource_type:unit_test"])
    assert "sla_applied_sla__policy_week_" in {result.node.name for result in done.result}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(80, 84))
def test_other_companies_equal_the_oracle(seed: int, tmp_path: Path) -> None:
    world, oracle = reported_world(seed, 240)
    built = build(tmp_path, world)
    found = rows_of(built)
    assert differing(found, oracle)[:4] == []
    assert differing_figures(found, oracle)[:4] == []
    assert promises_of(built) == sla_rows(oracle)
    assert days_of(built) == day_rows(oracle)


@pytest.mark.parametrize("spoil", [
    lambda oracle: oracle.rows["holidays"].clear(),
    lambda oracle: [t.row.update(queue_id="elsewhere") for t in oracle.tickets[:9]],
    lambda oracle: [m.update(is_public=False) for t in oracle.tickets for m in t.messages[-1:]],
])  # fmt: skip
def test_the_oracle_is_no_yes_man(built: Warehouse, spoil) -> None:
    other = expected(random_world(3, 110))
    spoil(other)
    assert differing(rows_of(built), other)


@pytest.mark.parametrize("spoil", [
    lambda oracle: oracle.rows["sla_policies"][1].update(target_minutes=481 + 60),
    lambda oracle: [e.update(value="urgent") for t in oracle.tickets for e in t.events
                    if e["field"] == "priority"],
])  # fmt: skip
def test_nor_is_that_of_promises(built: Warehouse, spoil) -> None:
    other = expected(random_world(3, 110))
    spoil(other)
    assert promises_of(built) != sla_rows(other)
