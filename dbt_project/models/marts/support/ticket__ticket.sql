{#- Clocks that one event stops, clocks that add up, and the help desk's own figures with our name of each. -#}
{%- set once = ['first_reply', 'first_resolution', 'full_resolution'] -%}
{%- set adding = ['requester_wait', 'agent_work', 'on_hold', 'agent_wait'] -%}
{%- set figures = {'replies': ('reply', '_count'), 'reopens': ('reopen', '_count')} -%}
{%- for clock in once + ['requester_wait', 'on_hold', 'agent_wait'] -%}
    {%- do figures.update({
        clock ~ '_calendar': (clock, '_seconds'), clock ~ '_business': (clock ~ '_business', '_seconds'),
    }) -%}
{%- endfor -%}
with

clocks as (

    select
        source, ticket_id,
        {%- for clock in once %}
        max(case when clock = '{{ clock }}' and is_over then one_schedule_seconds end) as {{ clock }}_one_schedule_seconds,
        {%- endfor %}
        {%- for clock in adding %}
        sum(case when clock = '{{ clock }}' then calendar_seconds else 0 end) as {{ clock }}_seconds,
        case when max(case when clock = '{{ clock }}' and business_seconds is null then 1 else 0 end) = 0
            then sum(case when clock = '{{ clock }}' then business_seconds else 0 end) end
            as {{ clock }}_business_seconds,
        {%- endfor %}
        sum(case when clock = 'next_reply' and is_over then 1 else 0 end) as next_reply_count,
        sum(case when clock = 'next_reply' and is_over then calendar_seconds end) as next_reply_seconds,
        case when max(case when clock = 'next_reply' and is_over and business_seconds is null then 1 else 0 end) = 0
            then sum(case when clock = 'next_reply' and is_over then business_seconds end) end
            as next_reply_business_seconds,
        max(case when clock = 'next_reply' and is_running then 1 else 0 end) = 1 as is_next_reply_pending
    from {{ ref('fct_ticket_clock') }}
    group by source, ticket_id

),

subjects as (

    select source, ticket_id, {{ distinct_texts('feature_id') }} as feature_ids
    from {{ ref('bridge_ticket_feature') }}
    group by source, ticket_id

),

vendor as (

    select
        source, ticket_id
        {%- for figure in figures %},
        max(case when figure = '{{ figure }}' then vendor_value end) as {{ figure }}_value,
        max(case when figure = '{{ figure }}' then difference end) as {{ figure }}_difference,
        max(case when figure = '{{ figure }}' then reason end) as {{ figure }}_reason
        {%- endfor %}
    from {{ ref('fct_ticket_figure') }}
    group by source, ticket_id

),

reach as (select max(sources_reach_at) as data_through_at from {{ ref('dim_support_date') }})

select
    tickets.source, tickets.ticket_id, tickets.status, tickets.is_unsolved, tickets.priority, tickets.channel,
    tickets.queue_id, tickets.created_at, tickets.created_on, tickets.person_id,
    tickets.account_id, subjects.feature_ids, tickets.is_end_user, tickets.is_agent_created,
    tickets.is_countable, tickets.exclusion_reason, tickets.merged_into_id,
    tickets.first_reply_at, tickets.first_reply_seconds, tickets.first_reply_business_seconds,
    clocks.first_reply_one_schedule_seconds, tickets.is_first_reply_pending,
    case when tickets.has_messages then cast(coalesce(clocks.next_reply_count, 0) as bigint) end as next_reply_count,
    cast(clocks.next_reply_seconds as bigint) as next_reply_seconds,
    cast(clocks.next_reply_business_seconds as bigint) as next_reply_business_seconds,
    case when tickets.has_messages then clocks.is_next_reply_pending end as is_next_reply_pending,
    tickets.first_solved_at, tickets.first_resolution_seconds, tickets.first_resolution_business_seconds,
    clocks.first_resolution_one_schedule_seconds, tickets.solved_at, tickets.full_resolution_seconds,
    tickets.full_resolution_business_seconds, clocks.full_resolution_one_schedule_seconds,
    {%- for clock in adding %}
    case when tickets.has_changes then cast(clocks.{{ clock }}_seconds as bigint) end as {{ clock }}_seconds,
    case when tickets.has_changes then cast(clocks.{{ clock }}_business_seconds as bigint) end as {{ clock }}_business_seconds,
    {%- endfor %}
    tickets.reply_count, tickets.is_one_touch,
    case when tickets.has_changes then tickets.reopen_count end as reopen_count,
    case when tickets.has_changes then tickets.reopen14_count end as reopen14_count,
    tickets.group_count,
    case when tickets.group_count > 0 then tickets.group_count - 1 else tickets.group_count end as handoff_count,
    tickets.agent_count, tickets.csat, tickets.csat_rated_on, tickets.csat_offered_on,
    tickets.schedule_ref, tickets.schedule_basis,
    tickets.has_inferred_status, tickets.has_clock_fault, tickets.unknown_author_count,
    {%- for figure, (stem, unit) in figures.items() %}
    cast(vendor.{{ figure }}_value as bigint) as vendor_reported_{{ stem }}{{ unit }},
    cast(vendor.{{ figure }}_difference as bigint) as {{ stem }}_difference{{ unit }},
    vendor.{{ figure }}_reason as {{ stem }}_difference_reason,
    {%- endfor %}
    not tickets.is_unsolved as is_complete, reach.data_through_at, 1 as definition_version
from {{ ref('fct_ticket') }} as tickets
cross join reach
left join clocks on clocks.source = tickets.source and clocks.ticket_id = tickets.ticket_id
left join subjects on subjects.source = tickets.source and subjects.ticket_id = tickets.ticket_id
left join vendor on vendor.source = tickets.source and vendor.ticket_id = tickets.ticket_id
