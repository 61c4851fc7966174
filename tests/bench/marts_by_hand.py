"""A few of the heaviest marts as one would write them by hand for this company alone.

Belongs here: one short DuckDB script and what it must agree with. Does not belong here: measuring.

It knows what holds for the company of the benches only: no event was ever delivered in two
versions, nobody sends too fast, one tracking plan. Whose an id is and which rules there are it
takes from the warehouse: both need all of history and are no mart.
"""

from __future__ import annotations

SCRIPT = """
create or replace temp table used as
select people.person_id, coalesce(events.group_id, people.account_id) as account_id,
    cast(timezone(people.reporting_time_zone, timezone('UTC', occurred_at)) as date) as day_on
from read_parquet('{lake}/bronze/usage_events/**/*.parquet', hive_partitioning = false) as events
join staging.stg_tracking_plan as plan
    on plan.event_name = events.event_name and plan.event_class = 'value'
left join core.bridge_handover as handovers
    on events.user_id is null and handovers.anonymous_id = events.anonymous_id
    and occurred_at > after_at and occurred_at <= until_at
join core.bridge_identity as people
    on people.alias_type
        = case when coalesce(events.user_id, handovers.user_id) is null
            then 'anonymous_id' else 'user_id' end
    and people.alias = coalesce(events.user_id, handovers.user_id, events.anonymous_id)
where user_agent not like 'Googlebot%'
group by all;

create or replace temp table person_days as
select distinct person_id, day_on from used
where person_id not in (select subject_id from core.dim_exclusion where subject_type = 'person')
    and account_id not in (
        select subject_id from core.dim_exclusion where subject_type = 'account'
    );

create or replace temp table hand_active as
select days.day_on,
    count(distinct person_id) filter (used.day_on = days.day_on) as dau,
    count(distinct person_id) filter (used.day_on > days.day_on - 7) as wau,
    count(distinct person_id) as mau28
from core.dim_activity_date as days
join person_days as used on used.day_on between days.day_on - 27 and days.day_on
group by days.day_on;

create or replace temp table hand_retention as
with weeks as (select distinct person_id, date_trunc('week', day_on) as week_on from person_days),
born as (select person_id, min(week_on) as born_on from weeks group by person_id)
select born_on, date_diff('day', born_on, week_on) // 7 as number, count(*) as person_count
from weeks join born using (person_id)
where week_on + interval 6 day <= (select max(day_on) from core.dim_activity_date where is_complete)
group by all;

create or replace temp table hand_tickets as
with tickets as (
    select * from read_parquet('{lake}/bronze/tickets/**/*.parquet', hive_partitioning = false)
    qualify row_number() over (partition by ticket_id order by version_at desc) = 1
)
select tickets.ticket_id,
    cast(floor(epoch(min(messages.created_at)) - epoch(min(tickets.created_at))) as bigint)
        as first_reply_seconds
from tickets
left join read_parquet('{lake}/bronze/ticket_messages/**/*.parquet', hive_partitioning = false)
    as messages
    on messages.ticket_id = tickets.ticket_id and messages.author_ref like 'agent%'
group by tickets.ticket_id;
"""

SAME = (
    ("select day_on, dau, wau, mau28 from hand_active order by 1",
     "select activity_on, dau_count, wau_count, mau28_count from marts.active_users__daily "
     "where segment = 'all' and mau28_count > 0 order by 1"),
    ("select cast(born_on as date), number, person_count from hand_retention order by 1, 2",
     "select cohort_week_on, interval_number, retained_count from marts.retention__cohort_interval "
     "where variant = 'classic_week' and is_mature and retained_count > 0 order by 1, 2"),
    ("select count(first_reply_seconds), sum(first_reply_seconds) from hand_tickets",
     "select count(first_reply_seconds), sum(first_reply_seconds) from core.fct_ticket"),
)  # fmt: skip

# What the script stands for; both leave identity out.
STANDS_FOR = (
    "fct_event", "fct_person_feature_day", "fct_person_day", "active_users__daily",
    "fct_person_week", "retention__cohort_interval", "stg_tickets", "stg_ticket_messages",
    "int_support__message", "int_support__reply",
)  # fmt: skip
