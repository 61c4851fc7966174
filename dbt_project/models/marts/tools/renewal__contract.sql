with

today as (

    select
        {{ local_date(as_of_at(), "'" ~ setting('org_time_zone') ~ "'") }} as today_on,
        (select warn_hours from {{ ref('dim_contract') }} where contract = 'tool_seats') as warn_hours

),

contracts as (

    select
        contracts.*, tools.tool_name, tools.last_snapshot_on, today.today_on, today.warn_hours,
        seats.assigned_seat_count, seats.idle90_seat_count, seats.leaver_seat_count,
        seats.unassigned_seat_count, seats.snapshot_on,
        case
            when contracts.starts_on > today.today_on then 'future'
            when contracts.ends_on <= today.today_on then 'ended'
            when contracts.renews_on is null then 'no end known'
            when contracts.renews_on <= today.today_on then 'renewed'
            when contracts.is_auto_renew and contracts.notice_by_on is null then 'no notice known'
            when contracts.is_auto_renew and contracts.notice_by_on < today.today_on then 'too late'
            else 'open'
        end as phase,
        -- Whole months that are still to be paid for in the term.
        (extract(year from contracts.renews_on) - extract(year from today.today_on)) * 12
            + extract(month from contracts.renews_on) - extract(month from today.today_on)
            - case when extract(day from contracts.renews_on) < extract(day from today.today_on) then 1 else 0 end
            as left_month_count
    from {{ ref('dim_tool_contract') }} as contracts
    cross join today
    left join {{ ref('dim_tool') }} as tools on tools.tool_id = contracts.tool_id
    left join {{ ref('tool__tool_month') }} as seats
        on seats.tool_id = contracts.tool_id
        and seats.month_on = cast(date_trunc('month', today.today_on) as date)

),

-- Idle seats are given back once: of the contract whose notice is due first, then of the next.
placed as (

    select
        *,
        sum(case when phase in ('future', 'ended') then 0 else 1 end) over (partition by tool_id) as live_count,
        sum(case when phase in ('future', 'ended') then 0 else coalesce(purchased_seat_count, 0) end) over (
            partition by tool_id
            order by case when phase in ('future', 'ended') then 1 else 0 end,
                coalesce(notice_by_on, renews_on, cast('9999-12-31' as date)), contract_id
            rows between unbounded preceding and current row
        ) - case when phase in ('future', 'ended') then 0 else coalesce(purchased_seat_count, 0) end
            as placed_before_count
    from contracts

),

offered as (

    select
        *,
        case
            when phase in ('future', 'ended') then 0
            when idle90_seat_count is null then null
            when idle90_seat_count <= placed_before_count then 0
            else {{ least_of('idle90_seat_count - placed_before_count', 'purchased_seat_count') }}
        end as idle_seat_count,
        case
            when phase in ('open', 'too late', 'no notice known') and can_reduce_in_term then left_month_count
            when phase = 'open' then 12
            when phase in ('too late', 'future', 'ended') then 0
        end as month_count
    from placed

)

select
    contract_id, tool_id, tool_name, starts_on, renews_on, notice_by_on,
    {{ days_between('today_on', 'notice_by_on') }} as days_to_notice_count,
    is_auto_renew, can_reduce_in_term, phase,
    purchased_seat_count, assigned_seat_count, idle90_seat_count, leaver_seat_count, unassigned_seat_count,
    cast(idle_seat_count as bigint) as reclaimable_seat_count,
    cast(month_count as bigint) as reclaimable_month_count,
    cast(idle_seat_count * seat_month_minor * month_count as bigint) as reclaimable_minor,
    seat_month_minor,
    purchased_seat_count * seat_month_minor * 12 as annual_cost_minor,
    currency, owner,
    {{ renewal_words() }} as recommendation,
    snapshot_on,
    last_snapshot_on is null or {{ days_between('snapshot_on', 'today_on') }} * 24 <= warn_hours as is_complete,
    coalesce(cast(snapshot_on as timestamp), {{ as_of_at() }}) as data_through_at,
    1 as definition_version
from offered
