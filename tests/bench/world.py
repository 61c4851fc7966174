"""A company of any size, written set-wise straight to a lake: people, usage, help desk, sales.

Belongs here: rows of contracts as SQL, a file a day, and putting them where dbt looks. Does not
belong here: what any of it adds up to (the tests of the models hold that), measuring.

Nothing is drawn at random: everything is a hash of a day and a number, so that a day is the same
whenever it is delivered. People come and go: new ones are the most active, so use fades with age.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import duckdb

from tests.bench.world_desk import desk
from tests.bench.world_registry import NAMES, registry
from tests.sql.fixture_lake import FixtureLake

END = dt.date(2026, 6, 30)
DAY = dt.timedelta(days=1)
_SQL = {"string": "varchar", "int64": "bigint", "double": "double", "bool": "boolean",
        "timestamp[us]": "timestamp", "date32[day]": "date"}  # fmt: skip
# Some number that hangs on its arguments alone.
_MIX = """create macro mix(a) as cast(hash(a) % 1000003 as bigint),
    (a, b) as cast(hash(a, b) % 1000003 as bigint),
    (a, b, c) as cast(hash(a, b, c) % 1000003 as bigint)"""
_AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/12{n}.0 Safari"


@dataclass(frozen=True)
class Size:
    """How large the company is; it has `days` of history when it is first built."""

    days: int
    events_per_day: int
    tickets_per_day: int

    @property
    def people(self) -> int:
        """People who may be seen on one day."""
        return max(40, self.events_per_day // 5)

    @property
    def newcomers(self) -> int:
        """People who come each day; as many go."""
        return max(1, self.people // 100)

    @property
    def accounts(self) -> int:
        """Customers."""
        return max(5, self.people // 10)


Columns = Mapping[str, str]


@dataclass
class Company:
    """The lake of one company, delivered day by day; day 0 is the first."""

    folder: Path
    size: Size
    written: list[str] = field(default_factory=list)

    @cached_property
    def lake(self) -> FixtureLake:
        """The lake with the registers in it."""
        lake = FixtureLake(self.folder)
        known = dt.datetime.combine(self.date_of(0), dt.time()) - 30 * DAY
        for contract, source, rows in registry(known):
            lake.add(contract, rows, source=source, delivered_on=str(self.date_of(-30)))
        return lake

    def date_of(self, day: int) -> dt.date:
        """The date of a day of the history."""
        return END - (self.size.days - day) * DAY

    def as_of(self, day: int) -> str:
        """Noon after a day: what a build takes for now once that day has arrived."""
        return f"{self.date_of(day) + DAY} 12:00:00"

    def deliver(self, days: Iterable[int]) -> list[str]:
        """Lands all that comes in on these days; returns the event dates that it touches."""
        touched: set[str] = set()
        with duckdb.connect() as connection:
            connection.execute(_MIX)
            for day in days:
                touched |= self._land(connection, day, "usage_events", "segment", self._events(day))
                for contract, source, query in [*self._customers(day), *desk(self, day)]:
                    self._land(connection, day, contract, source, query)
        self.lake.save()
        return sorted(touched)

    def deliver_late(self, day: int, age: int, share: int = 20) -> list[str]:
        """Lands on a day what a source had kept back since `age` days before."""
        select, source = self._events(day - age)
        late = source.replace(f"range({self.size.events_per_day})",
                              f"range({self.size.events_per_day // share})")  # fmt: skip
        columns = dict(select) | {"event_id": "'late-' || n"}
        columns["received_at"] = f"timestamp '{self.date_of(day)} 20:00:00'"
        with duckdb.connect() as connection:
            connection.execute(_MIX)
            touched = self._land(
                connection, day, "usage_events", "segment", (columns, late), "late"
            )
        self.lake.save()
        return sorted(touched)

    def _land(
        self, connection: duckdb.DuckDBPyConnection, day: int, contract: str, source: str,
        query: tuple[Columns, str], name: str = "day",
    ) -> set[str]:  # fmt: skip
        columns, rows = query
        on = self.date_of(day) + DAY
        file_id = f"{name}{day:05d}"
        loaded = dt.datetime.combine(on, dt.time(6))
        batch = f"{file_id}-{contract}-{source}"
        full = {"is_revision": "false"} | dict(columns) | {
            "source": f"'{source}'", "batch_id": f"'{batch}'", "loaded_at": f"timestamp '{loaded}'",
            "source_file": f"'{file_id}.json'", "source_line": "row_number() over ()",
        }  # fmt: skip
        schema = self.lake._schema(contract)
        if strange := set(full) - set(schema.names):
            raise ValueError(f"{contract}: no such columns {sorted(strange)}")
        wanted = ", ".join(
            f"cast({full.get(column.name, 'null')} as {_SQL[str(column.type)]}) as {column.name}"
            for column in schema
        )
        connection.execute(f"create or replace temp table landed as select {wanted} from {rows}")
        clock = self.lake.contracts[contract].get("partition")
        dated = f"select distinct cast({clock} as date) from landed order by 1"
        days = [row[0] for row in connection.execute(dated).fetchall()] if clock else []
        found = connection.execute("select count(*), sum(is_revision::int) from landed").fetchone()
        count, revised = found or (0, 0)
        if not count:
            return set()
        output = f"bronze/{contract}/source={source}/dt={on}/{file_id}.parquet"
        (self.lake.folder / output).parent.mkdir(parents=True, exist_ok=True)
        connection.execute(
            f"copy landed to '{self.lake.folder}/{output}' "
            "(format parquet, compression zstd, compression_level 1)"
        )
        self.lake.batches.append({
            "batch_id": batch, "file_id": file_id, "contract": contract, "source": source,
            "source_file": f"{file_id}.json", "format": f"{source}.{contract}", "status": "loaded",
            "rows_in": count, "rows_loaded": count, "rows_revision": revised,
            **dict.fromkeys(("rows_duplicate", "rows_quarantined", "rows_suppressed"), 0),
            "rows_late": 0, "rows_kept_out": 0,
            "first_on": min(days, default=None), "last_on": max(days, default=None),
            "delivered_on": on, "loaded_at": loaded, "is_withdrawn": False,
            "output": output,
        })  # fmt: skip
        return {str(day) for day in days}

    def people(self, day: int, count: int, salt: str) -> str:
        """`count` rows (n, p): a number and somebody who is seen on that day, a newcomer most."""
        size = self.size
        newest = day * size.newcomers + size.people - 1
        return (
            f"(select n, cast({newest} - floor({size.people} * pow({share('n', day, salt)}, 2)) "
            f"as bigint) as p from range({count}) numbers(n))"
        )

    def _events(self, day: int) -> tuple[Columns, str]:
        """Sessions with gaps; 1 % of the events come a day late, 15 % are not signed in."""
        names = ", ".join(f"'{name}'" for name in NAMES)
        people = self.people(day, self.size.events_per_day, "who")
        drawn = f"""(
            select
                *,
                date '{self.date_of(day)}' - cast({share("n", day, "late")} < 0.01 as integer)
                    as on_day,
                7 * 3600
                    + mix(p, {day}, cast(3 * pow({share("n", day, "visit")}, 2) as integer)) % 50000
                    + cast(1500 * {share("n", day, "when")} as integer) as second,
                {share("n", day, "kind")} as kind, {share("n", day, "sign")} < 0.85 as signed,
                [{names}][
                    1 + cast(floor({len(NAMES)} * pow({share("n", day, "name")}, 2)) as integer)
                ] as name,
                case when p % 60 = 0 then 'shared-' || (p // 180)
                    else 'd-' || p || '-' || (mix(p, {day // 60}) % 2) end as device
            from {people}
        ) as drawn"""
        at = "on_day + to_seconds(cast(second as bigint)) + to_milliseconds(n % 1000)"
        agent = _AGENT.replace("{n}", "' || (p % 10) || '")
        account = f"(p % {self.size.accounts})"
        columns = {
            "event_id": f"'e{day}-' || n",
            "event_name": "case when kind < 0.02 then 'identify' when kind < 0.022 then 'alias' "
                          "when kind < 0.1 then 'page' else name end",
            "event_type": "case when kind < 0.02 then 'identify' when kind < 0.022 then 'alias' "
                          "when kind < 0.1 then 'page' else 'track' end",
            "user_id": "case when signed or kind < 0.022 then 'u' || p end",
            "anonymous_id": "device",
            "previous_id": "case when kind between 0.02 and 0.022 then 'before-' || p end",
            "group_id": f"case when mix(n) % 10 < 8 then 'acc_' || {account} end",
            "email_key": "case when kind < 0.02 then 'k' || (p - cast(p % 200 = 1 as bigint)) end",
            "email_domain": "case when kind < 0.02 then case when p % 90 = 7 "
                            f"then 'harborline.test' else 'acc' || {account} || '.test' end end",
            "occurred_at": at, "received_at": f"{at} + interval 2 second",
            "is_clock_skewed": "false",
            "platform": "case when p % 5 = 0 then 'ios' else 'web' end",
            "user_agent": f"case when mix(n) % 400 = 0 then 'Googlebot/2.1' else '{agent}' end",
            "page_path": "'/boards/' || (mix(n, 'page') % 900)",
            "properties": "'{\"doc\": \"d' || (mix(n) % 50) || '\", \"rows\": ' || (n % 5000) || "
                          "', \"experiment_id\": \"e1\", \"variation_id\": \"' || "
                          "case when mix(p) % 2 = 0 then 'a' else 'b' end || "
                          "'\", \"format\": \"csv\"}'",
        }  # fmt: skip
        return columns, drawn

    def _customers(self, day: int) -> list[tuple[str, str, tuple[Columns, str]]]:
        """Accounts in the CRM and at the help desk, some change each day; people at the desk."""
        size, at = self.size, f"timestamp '{self.date_of(day)} 05:00:00'"
        changed = "" if day == 0 else f" where n % 97 = {day % 97}"
        companies = f"range({size.accounts}) companies(n){changed}"
        account = {
            "account_ref": "n", "external_id": "'acc_' || n", "name": "'Company ' || n",
            "domain": "'acc' || n || '.test'", "lifecycle": "'customer'", "currency": "'USD'",
            "plan": f"['free', 'starter', 'pro', 'enterprise'][1 + (mix(n, {day // 97}) % 4)]",
            "arr_minor": f"(n % 50) * 100000 + {day} * 100", "paid_seat_count": "5 + n % 40",
            "time_zone": "case n % 20 when 0 then 'Asia/Tokyo' when 1 then 'Europe/Berlin' end",
            "created_at": f"timestamp '{self.date_of(0)} 05:00:00'", "updated_at": at,
            "is_revision": str(day > 0).lower(),
        }  # fmt: skip
        first = 0 if day == 0 else size.people + (day - 1) * size.newcomers
        newcomers = f"range({first}, {size.people + day * size.newcomers}) people(n)"
        person = {
            "identity_ref": "'z' || n", "user_id": "case when n % 4 > 0 then 'u' || n end",
            "email_key": "'k' || n", "email_domain": f"'acc' || (n % {size.accounts}) || '.test'",
            "account_ref": f"n % {size.accounts}", "role": "'end-user'", "updated_at": at,
        }  # fmt: skip
        deals = f"(select * from {companies}) as companies where n % 3 = 0"
        deal = {
            "opportunity_id": f"'o' || n || '-{day // 200}'", "account_ref": "n",
            "stage": f"case when mix(n, {day}) % 3 = 0 then 'closedwon' else 'proposal' end",
            "amount_minor": "(n % 50) * 100000", "currency": "'USD'", "probability": "0.4",
            "is_closed": f"mix(n, {day}) % 3 = 0", "is_won": f"mix(n, {day}) % 3 = 0",
            "closes_on": f"date '{self.date_of(day)}' + 30", "created_at": at, "updated_at": at,
            "is_revision": str(day % 200 > 0).lower(),
        }  # fmt: skip
        return [
            ("accounts", "hubspot", (account, companies)),
            ("accounts", "zendesk", (account, companies)),
            ("identities", "zendesk", (person, newcomers)),
            ("opportunities", "hubspot", (deal, deals)),
        ]


def share(number: str, day: int | str, salt: str) -> str:
    """A number from 0 to below 1 that hangs on a number, a day and a word alone."""
    return f"(mix({number}, {day}, '{salt}') / 1000003.0)"
