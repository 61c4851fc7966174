with

-- What several contracts buy together; not known if one of them does not say.
bought as (

    select
        months.tool_id, months.month_on, min(contracts.currency) as currency,
        case when count(*) = count(contracts.purchased_seat_count) then sum(contracts.purchased_seat_count) end
            as purchased_count
    from {{ ref('dim_tool_month') }} as months
    inner join {{ ref('dim_tool_contract') }} as contracts
        on contracts.tool_id = months.tool_id and contracts.starts_on <= months.state_on
        and (contracts.ends_on is null or contracts.ends_on > months.state_on)
    group by months.tool_id, months.month_on

),

-- The last export on or before the day is the truth of the day. Who is in several, counts once.
holders as (

    select
        months.tool_id, months.month_on, seats.holder_id, max(seats.email_key) as email_key,
        min(seats.snapshot_on) as snapshot_on, max(seats.activity_evidence) as activity_evidence,
        max(seats.is_assigned) as is_assigned,
        max(case when seats.is_assigned then seats.is_active28 end) as is_active28,
        min(case when seats.is_assigned then seats.is_idle90 end) as is_idle90,
        max(case when seats.is_assigned then seats.has_signed_on28 end) as has_signed_on28,
        max(case when seats.is_assigned then seats.is_leaver end) as is_leaver
    from {{ ref('dim_tool_month') }} as months
    inner join {{ ref('fct_tool_seat') }} as seats
        on seats.tool_id = months.tool_id and seats.snapshot_on <= months.state_on
        and (seats.valid_to_on is null or seats.valid_to_on > months.state_on)
    group by months.tool_id, months.month_on, seats.holder_id

),

counted as (

    select
        tool_id, month_on, min(snapshot_on) as snapshot_on, max(activity_evidence) as activity_evidence,
        sum(case when is_assigned then 1 else 0 end) as assigned_count,
        sum(case when is_assigned and email_key is null then 1 else 0 end) as nameless_count
        {%- for name, flag in {'active28': 'is_active28', 'idle90': 'is_idle90',
            'signed_on28': 'has_signed_on28', 'leaver': 'is_leaver'}.items() %},
        -- Counted only where the question could be asked of a seat at all; no seats, no such seats.
        case
            when count({{ flag }}) > 0 or sum(case when is_assigned then 1 else 0 end) = 0
                then sum(case when {{ flag }} then 1 else 0 end)
        end as {{ name }}_count
        {%- endfor %}
    from holders
    group by tool_id, month_on

)

select
    months.tool_id, months.month_on, months.last_on, months.state_on,
    counted.snapshot_on, bought.currency,
    cast(bought.purchased_count as bigint) as purchased_seat_count,
    {%- for name in ['assigned', 'active28', 'idle90', 'signed_on28', 'leaver', 'nameless'] %}
    cast(counted.{{ name }}_count as bigint) as {{ name }}_seat_count,
    {%- endfor %}
    coalesce(counted.activity_evidence, 'none') as activity_evidence
from {{ ref('dim_tool_month') }} as months
left join bought on bought.tool_id = months.tool_id and bought.month_on = months.month_on
left join counted on counted.tool_id = months.tool_id and counted.month_on = months.month_on
