{{ config(materialized='view') }}
{%- set zone = "'" ~ setting('org_time_zone') ~ "'" -%}
select
    clocks.source, clocks.ticket_id, clocks.clock, clocks.span_number, clocks.starts_at, clocks.ends_at,
    {{ local_date('clocks.starts_at', zone) }} as started_on,
    clocks.is_over, clocks.is_running,
    clocks.calendar_seconds, clocks.business_seconds, clocks.one_schedule_seconds,
    clocks.priority,
    people.is_countable
from {{ ref('int_support__clock') }} as clocks
inner join {{ ref('int_support__requester') }} as people
    on people.source = clocks.source and people.ticket_id = clocks.ticket_id
