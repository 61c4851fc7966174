with

changes as (

    select
        queues.queue_id, spells.changed_on as day_on
        {%- for kind in ['solved', 'reopened', 'deleted', 'restored'] %},
        sum(case when spells.change_type = '{{ kind }}' then 1 else 0 end) as {{ kind }}_count
        {%- endfor %}
    from {{ ref('fct_ticket_status') }} as spells
    inner join {{ ref('bridge_queue') }} as queues on queues.member_queue_id = spells.queue_id
    where spells.is_countable and spells.change_type is not null
    group by queues.queue_id, spells.changed_on

),

-- What happens at midnight itself belongs to the new day. A spell is held against its own nights,
-- not against all days: most are over on the day of their start.
nights as (

    select day_on, ends_at, row_number() over (order by day_on) - 1 as night_number from {{ ref('dim_support_date') }}

),

unsolved as (

    select
        spells.queue_id, spells.created_at,
        {{ days_between('span.first_on', 'spells.changed_on') }} as first_night_number,
        {{ days_between('spells.changed_on', 'coalesce(spells.ended_on, span.over_on)') }} as night_count
    from {{ ref('fct_ticket_status') }} as spells
    cross join (
        select min(day_on) as first_on, {{ add_days('max(day_on)', 1) }} as over_on from {{ ref('dim_support_date') }}
    ) as span
    where spells.is_countable and spells.is_unsolved

),

waiting as (

    select
        queues.queue_id, days.day_on, count(*) as backlog_count,
        {{ percentile(seconds_between('spells.created_at', 'days.ends_at'), 0.5) }} as age_p50_seconds,
        {{ percentile(seconds_between('spells.created_at', 'days.ends_at'), 0.9) }} as age_p90_seconds
    from unsolved as spells
    inner join nights as passed on passed.night_number < spells.night_count
    inner join nights as days on days.night_number = spells.first_night_number + passed.night_number
    inner join {{ ref('bridge_queue') }} as queues on queues.member_queue_id = spells.queue_id
    group by queues.queue_id, days.day_on

),

cells as (

    select queues.queue_id, days.day_on
    from (select queue_id from {{ ref('bridge_queue') }} group by queue_id) as queues
    cross join {{ ref('dim_support_date') }} as days

)

select
    cells.queue_id, cells.day_on
    {%- for kind in ['solved', 'reopened', 'deleted', 'restored'] %},
    cast(coalesce(changes.{{ kind }}_count, 0) as bigint) as {{ kind }}_count
    {%- endfor %},
    coalesce(waiting.backlog_count, 0) as backlog_count,
    cast(waiting.age_p50_seconds as double) as backlog_age_p50_seconds,
    cast(waiting.age_p90_seconds as double) as backlog_age_p90_seconds
from cells
left join changes on changes.queue_id = cells.queue_id and changes.day_on = cells.day_on
left join waiting on waiting.queue_id = cells.queue_id and waiting.day_on = cells.day_on
