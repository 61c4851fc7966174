{%- set zone = "'" ~ setting('org_time_zone') ~ "'" -%}
select
    spells.source, spells.ticket_id, spells.spell_number, spells.status, spells.is_unsolved,
    spells.starts_at, spells.ends_at, spells.change_type,
    {{ local_date('spells.starts_at', zone) }} as changed_on,
    {{ local_date('spells.ends_at', zone) }} as ended_on,
    spells.is_inferred,
    -- The solution that this opening takes back is the last one before it.
    case when spells.change_type = 'reopened' then cast(floor({{ seconds_between(
        "max(case when spells.change_type = 'solved' or spells.status = 'solved' then spells.starts_at end) over (partition by spells.source, "
        ~ "spells.ticket_id order by spells.spell_number rows between unbounded preceding and current row)",
        'spells.starts_at'
    ) }}) as bigint) end as reopened_after_seconds,
    coalesce(tickets.queue_id, 'none') as queue_id,
    tickets.created_at,
    people.is_countable
from {{ ref('int_support__status') }} as spells
inner join {{ ref('stg_tickets') }} as tickets
    on tickets.source = spells.source and tickets.ticket_id = spells.ticket_id
inner join {{ ref('int_support__requester') }} as people
    on people.source = spells.source and people.ticket_id = spells.ticket_id
