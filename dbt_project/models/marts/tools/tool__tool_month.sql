with

seats as (

    select
        months.*, tools.tool_name, tools.category, tools.owner, tools.last_snapshot_on, tools.first_spent_on,
        coalesce(months.currency, '{{ setting("org_currency") }}') as money,
        (select max(spent_on) from {{ ref('fct_tool_spend') }}) as last_spent_on
    from {{ ref('fct_tool_month_seat') }} as months
    inner join {{ ref('dim_tool') }} as tools on tools.tool_id = months.tool_id

),

spend as (

    select
        seats.tool_id, seats.month_on,
        sum(case when spend.currency = seats.money then spend.amount_minor else 0 end) as amount_minor,
        sum(case when spend.currency = seats.money then 0 else 1 end) as other_currency_count
    from seats
    inner join {{ ref('fct_tool_spend') }} as spend
        on spend.tool_id = seats.tool_id and spend.month_on = seats.month_on and spend.is_countable
    group by seats.tool_id, seats.month_on

),

-- How far what the row needs reaches: a source that never told about the tool is not waited for.
measured as (

    select
        seats.*,
        -- A month without a charge costs nothing only where charges of the tool are known at all.
        case
            when spend.tool_id is not null then spend.amount_minor
            when seats.first_spent_on <= seats.last_on and seats.last_spent_on >= seats.month_on then 0
        end as spend_minor,
        coalesce(spend.other_currency_count, 0) as other_currency_count,
        case when seats.activity_evidence in ('L2', 'L3') and seats.active28_seat_count is not null
            then seats.purchased_seat_count end as utilisation_den,
        {{ day_over_at('seats.last_on') }} as over_at,
        case when seats.last_snapshot_on < seats.last_on then seats.last_snapshot_on end as short_snapshot_on,
        case when seats.first_spent_on is not null and seats.last_spent_on < seats.last_on
            then seats.last_spent_on end as short_spent_on
    from seats
    left join spend on spend.tool_id = seats.tool_id and spend.month_on = seats.month_on

),

reaching as (

    select
        *,
        {{ least_of('over_at', 'cast(' ~ least_of('short_snapshot_on', 'short_spent_on') ~ ' as timestamp)') }}
            as sources_at
    from measured

)

select
    tool_id, tool_name, category, owner, month_on, snapshot_on,
    purchased_seat_count, assigned_seat_count, active28_seat_count, idle90_seat_count, leaver_seat_count,
    signed_on28_seat_count, nameless_seat_count,
    case when purchased_seat_count > assigned_seat_count then purchased_seat_count - assigned_seat_count
        when assigned_seat_count is not null and purchased_seat_count is not null then 0 end as unassigned_seat_count,
    case when utilisation_den is not null then active28_seat_count end as utilisation_num,
    utilisation_den,
    {{ rate('active28_seat_count', 'utilisation_den') }} as utilisation_rate,
    cast(spend_minor as bigint) as spend_minor, money as currency,
    cast(other_currency_count as bigint) as other_currency_charge_count,
    cast(round(spend_minor / nullif(active28_seat_count, 0)) as bigint) as cost_per_active_minor,
    activity_evidence,
    assigned_seat_count > purchased_seat_count as is_over_assigned,
    sources_at >= over_at and over_at <= {{ as_of_at() }} as is_complete,
    {{ least_of('sources_at', as_of_at()) }} as data_through_at,
    1 as definition_version
from reaching
