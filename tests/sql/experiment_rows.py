"""Made-up tables for the models of experiments: queries that stand for what is before a model.

Belongs here: rows by formula, many of them. Does not belong here: a company with a life
(`experiment_company`).
"""

from __future__ import annotations

LOOK = "select 'e' as experiment_id, 1 as look_no, date '2026-05-30' as look_on"
UNITS = (
    "select 'e' as experiment_id, 'm' as metric_id, 'primary' as role, {cap} as cap_quantile, "
    "i::varchar as unit_id, i % 2 as arm_no, (i * 7919) % 100 as bucket, "
    "i % 50 = 0 as is_crossover, i % 3 = 0 as is_early, date '2026-05-01' as mature_on, "
    "{y}::double as y, {d}::double as d, {x}::double as x, {w}::double as w from range({n}) t(i)"
)
DRAWN = {
    "y": "(i * 7919) % 1009", "d": "1 + i % 7", "x": "(i * 7919) % 1009 + i % 13",
    "w": "1 + i % 5",
}  # fmt: skip
DAY = "date '2026-05-05'"
# One person on one day, with more than 32 bits of everything.
LONG_DAY = {
    "fct_person_day": (
        f"select 'u' as person_id, 'a' as account_id, {DAY} as activity_on, true as is_countable, "
        "2000000000::int as value_event_count, 2000000000::int as feature_count from range(3)"
    ),
    "fct_session": (
        f"select 'u' as person_id, 'a' as account_id, {DAY} as started_on, true as is_countable, "
        "true as is_clean, 2e9::double as length_seconds from range(5)"
    ),
    "fct_ticket": (
        f"select 'u' as person_id, 'a' as account_id, {DAY} as asked_on, true as is_countable "
        "where false"
    ),
    "dim_trial": f"select {DAY} as starts_on, 14 as cuped_days",
    "fct_assignment": "select 'person' as unit_type, 'u' as unit_id",
}
_BOTH = "(values ('one'), ('two')) v(e)"
# The same people in two experiments.
TWO_EXPERIMENTS = {
    "fct_exposure": (
        "select e as experiment_id, 'person' as unit_type, i::varchar as unit_id, "
        f"'a' as variation_id, {DAY}::timestamp as exposed_at, {DAY} as exposed_on, "
        f"true as is_countable from range(20000) t(i), {_BOTH}"
    ),
    "dim_trial": (
        f"select e as experiment_id, 'person' as unit_type, {DAY} as starts_on, {DAY} as ends_on, "
        f"false as is_baseline from {_BOTH}"
    ),
    "fct_person_day": (
        f"select 'u' as person_id, 'a' as account_id, {DAY} as activity_on, true as is_countable "
        "where false"
    ),
    "dim_experiment_variation": (
        f"select e as experiment_id, 'a' as variation_id, 0 as arm_no from {_BOTH}"
    ),
}


def units(n: int, cap: str = "null::double", added: float = 0.0, **said: str) -> str:
    """Values of units of one metric, in two arms and a hundred buckets."""
    drawn = {name: f"({sql}) + {added}::double" for name, sql in (DRAWN | said).items()}
    return UNITS.format(n=n, cap=cap, **drawn)


def covariances(rows: list[dict]) -> dict[tuple, float]:
    """Variances and covariances by basis, arm and bucket, from centred sums."""
    found = {}
    for row in rows:
        n = row["unit_count"]
        for name in (name for name in row if name.startswith("q_")):
            of_both = row[f"s_{name[2]}"] * row[f"s_{name[3]}"]
            key = (row["look_no"], row["metric_id"], row["basis"], row["arm_no"], row["bucket"])
            found[*key, name] = (row[name] - of_both / n) / n
    return found


def crowd(count: int) -> str:
    """Units of exp_new in both arms, all exposed on one day."""
    return (
        "select 'exp_new' as experiment_id, 'person' as unit_type, i::varchar as unit_id, "
        f"i % 2 as arm_no, {DAY}::timestamp as first_exposed_at, {DAY} as first_exposed_on, "
        "i % 50 = 0 as is_crossover, 1::bigint as exposure_count, (i * 7919) % 100 as bucket "
        f"from range({count}) t(i)"
    )


def busy(count: int, added: int = 0, times: int = 1) -> str:
    """What they did on that day and the day before: each measure a number by formula."""
    amount = f"((i * 7919) % 1009 + i % 7 * k) * {times} + {added}"
    measures = ("value_events", "features", "sessions", "session_seconds", "tickets")
    columns = ", ".join(f"({amount})::bigint as {measure}" for measure in measures)
    return (
        f"select 'person' as unit_type, i::varchar as unit_id, {DAY} - k::int as activity_on, "
        f"1::bigint as active_days, {columns} from range({count}) t(i), range(2) s(k)"
    )
