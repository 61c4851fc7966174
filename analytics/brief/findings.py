"""Findings: what stands out in the marts, each with its numbers and the query that gives them.

Belongs here: questions put to the marts and the sentences that answer them. Does not belong here:
definitions (the marts' own), pictures (`charts.py`).

Only complete and mature rows are asked, small numbers are left out, numerators and denominators
are said, and no sentence says why something happened: the marts don't know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from analytics.brief.reading import Marts, Row, open_marts
from analytics.brief.words import money, percent

FEWEST = 10  # below that many people, mentions or seats nothing is said of a change


@dataclass(frozen=True)
class Finding:
    """One thing that stands out.

    Attributes:
        title: What it is about, in a few words.
        sentence: The finding with its numbers.
        n: How many people, mentions or seats stand behind it.
        evidence_sql: Query on the published file that returns the numbers.
        score: How much it deserves attention; higher first.
    """

    title: str
    sentence: str
    n: int
    evidence_sql: str
    score: float


@dataclass(frozen=True)
class _Question:
    sql: str
    answer: Callable[[Row, str], Finding]


def find(database: Path) -> list[Finding]:
    """Findings of a published file, the most important first; none is fine.

    Raises:
        BriefError: If the file is no published build.
    """
    with open_marts(database) as marts:
        found = list(_find(marts))
    return sorted(found, key=lambda finding: (-finding.score, finding.sentence))


def _sparing(rank: int) -> int:
    """What a second finding of the same kind loses, so that the first few differ."""
    return 40 * rank


def _find(marts: Marts) -> Iterator[Finding]:
    for question in _QUESTIONS:
        for rank, row in enumerate(marts.rows(question.sql)):
            finding = question.answer(row, question.sql)
            yield replace(finding, score=finding.score - _sparing(rank))


_LAUNCH = f"""
with complete as (
    select * from marts.feature_adoption__feature_week where is_complete
),
launched as (
    select feature_id, min(week_on) as released_on
    from complete
    group by feature_id
    having bool_or(is_released) and bool_or(not is_released) and not min_by(is_released, week_on)
),
released as (
    select c.feature_id, min(c.week_on) as first_on, max(c.week_on) as last_on
    from complete c join launched l using (feature_id)
    where c.is_released
    group by c.feature_id
)
select r.feature_id, r.first_on, r.last_on,
    f.reach_num as first_num, f.reach_den as first_den,
    l.reach_num as last_num, l.reach_den as last_den
from released r
join complete f on f.feature_id = r.feature_id and f.week_on = r.first_on
join complete l on l.feature_id = r.feature_id and l.week_on = r.last_on
where r.last_on > r.first_on and l.reach_den >= {FEWEST} and f.reach_den > 0
order by r.first_on desc limit 2
"""


def _launch(row: Row, sql: str) -> Finding:
    sentence = (
        f"{row['feature_id']} came out in the week of {row['first_on']}: "
        f"{row['last_num']:,} of {row['last_den']:,} entitled active people "
        f"({percent(row['last_num'], row['last_den'])}) used it in the week of {row['last_on']}, "
        f"{row['first_num']:,} of {row['first_den']:,} "
        f"({percent(row['first_num'], row['first_den'])}) in its first week."
    )
    return Finding("A launched feature", sentence, row["last_den"], sql, 80)


# The split into two runs of up to eight weeks that explains the counts best: the likelihood ratio
# of two Poisson means against one, as a number of standard errors (its square root).
_THEME = f"""
with weeks as (
    select theme_id, theme_name, week_on, mention_count
    from marts.theme_demand__theme_week where is_complete
),
splits as (
    select s.theme_id, s.theme_name, s.week_on as split_on,
        avg(w.mention_count) filter (where w.week_on < s.week_on) as before_mean,
        avg(w.mention_count) filter (where w.week_on >= s.week_on) as after_mean,
        count(*) filter (where w.week_on < s.week_on) as before_weeks,
        count(*) filter (where w.week_on >= s.week_on) as after_weeks,
        coalesce(sum(w.mention_count) filter (where w.week_on < s.week_on), 0) as before_sum,
        coalesce(sum(w.mention_count) filter (where w.week_on >= s.week_on), 0) as after_sum,
        sum(w.mention_count) as mentions
    from weeks s
    join weeks w on w.theme_id = s.theme_id
        and w.week_on >= s.week_on - interval 56 days and w.week_on < s.week_on + interval 56 days
    group by s.theme_id, s.theme_name, s.week_on
),
measured as (
    select *, sqrt(greatest(0, 2 * (
            case when before_sum = 0 then 0 else before_sum * ln(before_mean) end
            + case when after_sum = 0 then 0 else after_sum * ln(after_mean) end
            - mentions * ln(mentions / (before_weeks + after_weeks))
        ))) as distance
    from splits
    where before_weeks >= 4 and after_weeks >= 4 and mentions >= {FEWEST}
)
select * from measured where distance >= 4
qualify row_number() over (partition by theme_id order by distance desc, split_on) = 1
order by distance desc limit 3
"""


def _theme(row: Row, sql: str) -> Finding:
    verb = "fell" if row["after_mean"] < row["before_mean"] else "rose"
    sentence = (
        f"“{row['theme_name']}” {verb} from {row['before_mean']:.1f} mentions a week "
        f"({row['before_weeks']} weeks before {row['split_on']:%Y-%m-%d}) to "
        f"{row['after_mean']:.1f} ({row['after_weeks']} weeks from then on)."
    )
    score = 70 + min(float(row["distance"]), 10)
    return Finding("A theme that changed", sentence, int(row["mentions"]), sql, score)


_RENEWAL = """
select tool_name, reclaimable_seat_count, assigned_seat_count, purchased_seat_count,
    reclaimable_minor, currency, notice_by_on, days_to_notice_count, renews_on, idle90_seat_count
from marts.renewal__contract
where reclaimable_minor > 0 and days_to_notice_count between 0 and 90
order by reclaimable_minor desc limit 2
"""


def _renewal(row: Row, sql: str) -> Finding:
    sentence = (
        f"{row['tool_name']} renews on {row['renews_on']}; notice must be given by "
        f"{row['notice_by_on']} (days left: {row['days_to_notice_count']}). "
        f"{row['reclaimable_seat_count']:,} of {row['assigned_seat_count']:,} assigned seats were "
        f"idle for 90 days: {money(row['reclaimable_minor'], row['currency'])}."
    )
    score = 90 - row["days_to_notice_count"] / 10
    return Finding("Idle seats before a renewal", sentence, row["assigned_seat_count"], sql, score)


_DECAY = """
with complete as (
    select * from marts.account_usage__account_day where is_complete and account_id <> 'unknown'
),
last as (
    select max(activity_on) as last_on from complete
)
select now.account_id, now.plan, now.paid_seat_count, now.activity_on as last_on,
    was.activity_on as before_on, now.active28_person_count as now_count,
    was.active28_person_count as was_count
from complete now
join last on now.activity_on = last.last_on
join complete was on was.account_id = now.account_id
    and was.activity_on = last.last_on - interval 56 days
where was.active28_person_count >= 5
    and now.active28_person_count <= was.active28_person_count * 0.5
order by was.active28_person_count - now.active28_person_count desc, now.account_id limit 2
"""


def _decay(row: Row, sql: str) -> Finding:
    seats = f", {row['paid_seat_count']:,} paid seats" if row["paid_seat_count"] else ""
    sentence = (
        f"Account {row['account_id']} ({row['plan']}{seats}): {row['now_count']:,} people active "
        f"in the 28 days to {row['last_on']}, {row['was_count']:,} in the 28 days to "
        f"{row['before_on']}."
    )
    return Finding("An account that goes quiet", sentence, row["was_count"], sql, 75)


_CONTACT = f"""
with complete as (
    select *, row_number() over (partition by feature_id order by week_on desc) as back
    from marts.contact_rate__feature_week where is_complete and feature_id <> 'all'
),
sums as (
    select feature_id,
        sum(contact_num) filter (where back <= 4) as now_num,
        sum(contact_den) filter (where back <= 4) as now_den,
        sum(contact_num) filter (where back between 5 and 8) as was_num,
        sum(contact_den) filter (where back between 5 and 8) as was_den
    from complete group by feature_id
)
select * from sums
where now_num >= {FEWEST} and was_num > 0 and now_den > 0 and was_den > 0
    and now_num / now_den >= 1.5 * was_num / was_den
order by now_num / now_den - was_num / was_den desc limit 1
"""


def _contact(row: Row, sql: str) -> Finding:
    sentence = (
        f"{row['feature_id']}: {row['now_num']:,.0f} of {row['now_den']:,.0f} person-weeks of use "
        f"wrote to support in the last four weeks ({percent(row['now_num'], row['now_den'])}), "
        f"{row['was_num']:,.0f} of {row['was_den']:,.0f} in the four before "
        f"({percent(row['was_num'], row['was_den'])})."
    )
    return Finding("More people write to us", sentence, int(row["now_num"]), sql, 65)


_STICKINESS = f"""
with complete as (
    select * from marts.active_users__daily
    where is_complete and segment = 'all' and stickiness_den >= {FEWEST}
),
last as (
    select max(activity_on) as last_on from complete
)
select now.activity_on as last_on, now.stickiness_num as now_num, now.stickiness_den as now_den,
    was.activity_on as before_on, was.stickiness_num as was_num, was.stickiness_den as was_den
from complete now
join last on now.activity_on = last.last_on
join complete was on was.activity_on = last.last_on - interval 28 days
"""


def _stickiness(row: Row, sql: str) -> Finding:
    sentence = (
        f"{row['now_den']:,} people were active in the 28 days to {row['last_on']}, on a mean day "
        f"{row['now_num']:.0f} of them ({percent(row['now_num'], row['now_den'])}); "
        f"28 days earlier {row['was_den']:,} and {row['was_num']:.0f} "
        f"({percent(row['was_num'], row['was_den'])})."
    )
    return Finding("Active people", sentence, row["now_den"], sql, 40)


_RETENTION = f"""
with mature as (
    select *, row_number() over (order by cohort_week_on desc) as back
    from marts.retention__cohort_interval
    where variant = 'classic_week' and interval_number = 4 and is_mature and retention_den > 0
)
select max(cohort_week_on) as last_on,
    sum(retention_num) filter (where back <= 4) as now_num,
    sum(retention_den) filter (where back <= 4) as now_den,
    sum(retention_num) filter (where back between 5 and 8) as was_num,
    sum(retention_den) filter (where back between 5 and 8) as was_den
from mature
having sum(retention_den) filter (where back <= 4) >= {FEWEST}
    and sum(retention_den) filter (where back between 5 and 8) >= {FEWEST}
"""


def _retention(row: Row, sql: str) -> Finding:
    sentence = (
        f"Of {row['now_den']:,.0f} people who began in the four weeks to the week of "
        f"{row['last_on']}, {row['now_num']:,.0f} ({percent(row['now_num'], row['now_den'])}) were "
        f"active in their fourth week after; of {row['was_den']:,.0f} of the four weeks before, "
        f"{row['was_num']:,.0f} ({percent(row['was_num'], row['was_den'])})."
    )
    return Finding("Who stays", sentence, int(row["now_den"]), sql, 35)


_QUESTIONS = (
    _Question(_LAUNCH, _launch),
    _Question(_THEME, _theme),
    _Question(_RENEWAL, _renewal),
    _Question(_DECAY, _decay),
    _Question(_CONTACT, _contact),
    _Question(_STICKINESS, _stickiness),
    _Question(_RETENTION, _retention),
)
