{#- Clocks that one event stops; a help desk times these by the one schedule in force at that event. -#}
{%- set of_one_event = "('first_reply', 'first_resolution', 'full_resolution')" -%}
with

-- With the schedule in force at the end; nearly always it was in force from the beginning.
spans as (

    select clocks.*, periods.schedule_ref as last_schedule_ref, periods.starts_at as last_schedule_from_at
    from {{ ref('int_support__span') }} as clocks
    left join {{ ref('int_support__schedule') }} as periods
        on periods.source = clocks.source and periods.ticket_id = clocks.ticket_id
        and periods.starts_at <= clocks.ends_at and periods.ends_at > clocks.ends_at

),

-- Each span as a whole and, where schedules changed meanwhile, in pieces.
pieces as (

    select
        spans.*, true as is_whole, last_schedule_ref as schedule_ref, starts_at as piece_from_at,
        ends_at as piece_until_at
    from spans
    union all
    select
        spans.*, false, periods.schedule_ref,
        {{ greatest_of('spans.starts_at', 'periods.starts_at') }},
        {{ least_of('spans.ends_at', 'periods.ends_at') }}
    from spans
    inner join {{ ref('int_support__schedule') }} as periods
        on periods.source = spans.source and periods.ticket_id = spans.ticket_id
        and periods.ends_at > spans.starts_at and periods.starts_at < spans.ends_at
    where spans.last_schedule_from_at > spans.starts_at

),

stretches as (

    {{ open_stretches(ref('int_support__open_window')) | indent(4) }}

),

lines as (

    select source, schedule_ref, min(from_at) as first_at, max(from_at) as last_at
    from stretches
    group by source, schedule_ref

),

bounded as (

    select
        pieces.*
        {%- for edge in ['from', 'until'] %},
        {{ least_of(greatest_of('pieces.piece_' ~ edge ~ '_at', 'lines.first_at'), 'lines.last_at') }} as bounded_{{ edge }}_at
        {%- endfor %}
    from pieces
    left join lines on lines.source = pieces.source and lines.schedule_ref = pieces.schedule_ref

),

measured as (

    select
        bounded.*,
        case when bounded.schedule_ref is not null then coalesce(
            {{ epoch_micros('bounded.bounded_until_at') }} * untils.open_count - untils.opened_micros
            - {{ epoch_micros('bounded.bounded_from_at') }} * froms.open_count + froms.opened_micros, 0
        ) end as open_micros
    from bounded
    {%- for edge in ['from', 'until'] %}
    left join stretches as {{ edge }}s
        on {{ edge }}s.source = bounded.source and {{ edge }}s.schedule_ref = bounded.schedule_ref
        and {{ edge }}s.day_on = cast(bounded.bounded_{{ edge }}_at as date)
        and {{ edge }}s.from_at <= bounded.bounded_{{ edge }}_at
        and ({{ edge }}s.until_at > bounded.bounded_{{ edge }}_at or {{ edge }}s.until_at is null)
    {%- endfor %}

),

-- A piece of which no schedule is known leaves the sum unknown.
mixed as (

    select
        source, ticket_id, clock, span_number,
        case when count(*) = count(open_micros) then sum(open_micros) end as open_micros
    from measured
    where not is_whole
    group by source, ticket_id, clock, span_number

)

select
    clocks.source, clocks.ticket_id, clocks.clock, clocks.span_number, clocks.is_over, clocks.is_running,
    clocks.starts_at, clocks.ends_at,
    cast(floor({{ seconds_between('clocks.starts_at', 'clocks.ends_at') }}) as bigint) as calendar_seconds,
    cast(floor(case when mixed.ticket_id is null then clocks.open_micros else mixed.open_micros end / 1000000) as bigint)
        as business_seconds,
    case when clocks.is_over and clocks.clock in {{ of_one_event }}
        then cast(floor(clocks.open_micros / 1000000) as bigint) end as one_schedule_seconds,
    priorities.priority
from measured as clocks
left join mixed
    on mixed.source = clocks.source and mixed.ticket_id = clocks.ticket_id and mixed.clock = clocks.clock
    and mixed.span_number = clocks.span_number
left join {{ ref('int_support__priority') }} as priorities
    on priorities.source = clocks.source and priorities.ticket_id = clocks.ticket_id
    and priorities.starts_at <= clocks.ends_at and priorities.ends_at > clocks.ends_at
where clocks.is_whole
