{#- Contracts whose rows happen day by day: when, the source's own clock, columns with few values. -#}
{%- set streams = [
    ('tickets', 'created_at', 'version_at', ['channel', 'queue_id']),
    ('ticket_messages', 'created_at', 'created_at', ['channel']),
    ('ticket_events', 'occurred_at', 'occurred_at', ['field', 'status']),
    ('survey_responses', 'submitted_at', 'submitted_at', ['channel']),
    ('exposures', 'exposed_at', 'exposed_at', []),
    ('tool_activity', 'occurred_at', 'occurred_at', ['activity_type', 'outcome']),
    ('work_item_events', 'occurred_at', 'occurred_at', ['field']),
    ('qa_checks', 'checked_at', 'checked_at', ['status'])
] -%}
{#- What a ticket is now changes on; what it was changed to stays. -#}
{%- set narrowed = {('ticket_events', 'status'): ('value', "field = 'status'")} -%}
with

counted as (

    {%- for column in ['all', 'event_name', 'platform'] %}
    select
        'usage_events' as contract, source, '{{ column }}' as column_name,
        {{ "'all'" if column == 'all' else column }} as category, event_on as day_on,
        sum(event_count) as row_count, max({{ least_of('last_received_at', as_of_at()) }}) as reached_at
    from {{ ref('fct_event_day') }}
    group by source, event_on{{ '' if column == 'all' else ', ' ~ column }}
    union all
    {%- endfor %}
    {%- for contract, happened, clock, columns in streams %}
    {%- for column in ['all'] + columns %}
    {%- set value, test = narrowed.get((contract, column), (column, 'true')) %}
    select
        '{{ contract }}', source, '{{ column }}', {{ "'all'" if column == 'all' else value }},
        cast({{ happened }} as date), count(*),
        -- A row dated in the future vouches for nothing.
        max(case when {{ clock }} <= {{ as_of_at() }} then {{ clock }} end)
    from {{ ref('stg_' ~ contract) }}
    where {{ test }}
    group by source, cast({{ happened }} as date){{ '' if column == 'all' else ', ' ~ value }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    contract, source, column_name, coalesce(category, 'not known') as category, day_on,
    cast(sum(row_count) as bigint) as row_count, max(reached_at) as reached_at
from counted
where day_on <= cast({{ as_of_at() }} as date)
group by contract, source, column_name, coalesce(category, 'not known'), day_on
