{#- What is counted, on which day of the ticket. -#}
{%- set measures = [
    ('created', 'created_on', 'is_countable'),
    ('agent_created', 'created_on', 'is_countable and is_agent_created'),
    ('excluded', 'created_on', 'not is_countable'),
    ('one_touch', 'solved_on', 'is_countable and is_one_touch'),
    ('touched', 'solved_on', 'is_countable and is_one_touch is not null'),
    ('again', 'first_solved_on', 'is_countable and reopen_count > 0'),
    ('again14', 'first_solved_on', 'is_countable and reopen14_count > 0'),
    ('ever_solved', 'first_solved_on', 'is_countable'),
    ('good', 'csat_rated_on', "is_countable and csat = 'good'"),
    ('rated', 'csat_rated_on', 'is_countable and csat is not null'),
    ('responded', 'csat_offered_on', 'is_countable and csat is not null'),
    ('offered', 'csat_offered_on', 'is_countable'),
] -%}
with

tickets as (

    select queues.queue_id as in_queue_id, tickets.*
    from {{ ref('fct_ticket') }} as tickets
    inner join {{ ref('bridge_queue') }} as queues on queues.member_queue_id = tickets.queue_id

),

moments as (
    {% for day in ['created_on', 'first_solved_on', 'solved_on', 'csat_rated_on', 'csat_offered_on'] %}
    select
        in_queue_id, {{ day }} as day_on
        {%- for name, counted_on, test in measures %},
        sum(case when {{ test if counted_on == day else '1 = 0' }} then 1 else 0 end) as {{ name }}_count
        {%- endfor %}
    from tickets
    where {{ day }} is not null
    group by in_queue_id, {{ day }}
    {%- if not loop.last %}
    union all{% endif %}
    {%- endfor %}

),

facts as (

    select
        in_queue_id, day_on
        {%- for name, counted_on, test in measures %},
        cast(sum({{ name }}_count) as bigint) as {{ name }}_count
        {%- endfor %}
    from moments
    group by in_queue_id, day_on

),

filled as (

    select
        loads.*, days.has_changes, days.has_messages, days.is_complete, days.data_through_at,
        replies.first_reply_p50_seconds, replies.first_reply_business_p50_seconds,
        coalesce(replies.first_reply_count, 0) as first_reply_count,
        coalesce(replies.first_reply_pending_count, 0) as first_reply_pending_count,
        resolutions.resolution_p50_seconds, resolutions.resolution_business_p50_seconds,
        coalesce(resolutions.resolution_count, 0) as resolution_count,
        coalesce(resolutions.resolution_pending_count, 0) as resolution_pending_count
        {%- for name, counted_on, test in measures %},
        coalesce(facts.{{ name }}_count, 0) as {{ name }}_count
        {%- endfor %}
    from {{ ref('fct_queue_backlog') }} as loads
    inner join {{ ref('dim_support_date') }} as days on days.day_on = loads.day_on
    left join facts on facts.in_queue_id = loads.queue_id and facts.day_on = loads.day_on
    left join {{ ref('fct_queue_reply') }} as replies
        on replies.queue_id = loads.queue_id and replies.created_on = loads.day_on
    left join {{ ref('fct_queue_resolution') }} as resolutions
        on resolutions.queue_id = loads.queue_id and resolutions.created_on = loads.day_on

)

select
    queue_id, day_on, created_count, agent_created_count, solved_count,
    case when has_changes then reopened_count end as reopened_count,
    case when has_changes then deleted_count end as deleted_count,
    case when has_changes then restored_count end as restored_count,
    backlog_count, backlog_age_p50_seconds, backlog_age_p90_seconds,
    case when has_messages then first_reply_count end as first_reply_count,
    first_reply_p50_seconds, first_reply_business_p50_seconds,
    case when has_messages then first_reply_pending_count end as first_reply_pending_count,
    resolution_count, resolution_pending_count, resolution_p50_seconds, resolution_business_p50_seconds,
    {%- for name, count in [('reopen', 'again'), ('reopen14', 'again14')] %}
    case when has_changes then {{ count }}_count end as {{ name }}_num,
    case when has_changes then ever_solved_count end as {{ name }}_den,
    case when has_changes then {{ rate(count ~ '_count', 'ever_solved_count') }} end as {{ name }}_rate,
    {%- endfor %}
    case when has_messages then one_touch_count end as one_touch_num,
    case when has_messages then touched_count end as one_touch_den,
    case when has_messages then {{ rate('one_touch_count', 'touched_count') }} end as one_touch_rate,
    good_count as csat_num, rated_count as csat_den, {{ rate('good_count', 'rated_count') }} as csat_rate,
    {{ wilson_bound('good_count', 'rated_count', '-') }} as csat_interval_low,
    {{ wilson_bound('good_count', 'rated_count', '+') }} as csat_interval_high,
    responded_count as csat_response_num, offered_count as csat_response_den,
    {{ rate('responded_count', 'offered_count') }} as csat_response_rate,
    excluded_count as excluded_ticket_count,
    is_complete, data_through_at, 1 as definition_version
from filled
