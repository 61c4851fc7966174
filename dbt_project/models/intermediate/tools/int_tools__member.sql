with

-- One row per holder and export, however many rows the export has for the holder.
members as (

    select
        source, tool_id, snapshot_on,
        coalesce(email_key, source || ':' || member_ref) as holder_id,
        max(email_key) as email_key, min(seat_type) as seat_type,
        max(is_billable) as is_assigned, max(is_active_member) as is_active_member,
        min(cast(joined_at as date)) as joined_on,
        max(cast(last_active_at as date)) as last_active_on
    from {{ ref('stg_tool_seats') }}
    where snapshot_on <= cast({{ as_of_at() }} as date)
    group by source, tool_id, snapshot_on, coalesce(email_key, source || ':' || member_ref)

),

-- An export without a single last activity has no such evidence, whatever its columns are called.
exports as (

    select
        source, tool_id, snapshot_on,
        lead(snapshot_on) over (partition by source, tool_id order by snapshot_on) as valid_to_on,
        max(last_active_on) is not null as has_last_active
    from members
    group by source, tool_id, snapshot_on

)

select
    members.source, members.tool_id, members.holder_id, members.email_key, members.seat_type,
    members.snapshot_on, exports.valid_to_on,
    members.is_assigned, members.is_active_member, members.joined_on, members.last_active_on,
    min(members.snapshot_on) over (partition by members.tool_id, members.holder_id) as first_seen_on,
    exports.has_last_active
from members
inner join exports
    on exports.source = members.source and exports.tool_id = members.tool_id
    and exports.snapshot_on = members.snapshot_on
