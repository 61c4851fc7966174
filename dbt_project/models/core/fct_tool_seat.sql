with

members as (

    select * from {{ ref('int_tools__member') }}

),

days as (

    select
        tool_id, email_key, activity_on,
        max(case when activity_evidence = 'L3' then activity_on end) as audited_on
    from {{ ref('fct_tool_activity') }}
    where is_success and email_key is not null and tool_id <> 'unknown'
    group by tool_id, email_key, activity_on

),

-- Since when a log tells about a tool at all.
logs as (

    select tool_id, min(activity_on) as logged_since_on, min(audited_on) as audited_since_on
    from days
    group by tool_id

),

uses as (

    select
        members.source, members.tool_id, members.snapshot_on, members.holder_id,
        max(days.activity_on) as signed_on_on, max(days.audited_on) as audited_on
    from members
    inner join days
        on days.tool_id = members.tool_id and days.email_key = members.email_key
        and days.activity_on <= members.snapshot_on
    group by members.source, members.tool_id, members.snapshot_on, members.holder_id

),

-- Deactivated somewhere, and seen nowhere since.
leavers as (

    select members.source, members.tool_id, members.snapshot_on, members.holder_id
    from members
    inner join {{ ref('int_tools__deactivation') }} as spells
        on spells.email_key = members.email_key and spells.deactivated_on <= members.snapshot_on
        and (spells.reactivated_on is null or spells.reactivated_on > members.snapshot_on)
    left join {{ ref('int_tools__seen') }} as seen
        on seen.email_key = members.email_key
        and seen.seen_on > spells.deactivated_on and seen.seen_on <= members.snapshot_on
    where seen.email_key is null
    group by members.source, members.tool_id, members.snapshot_on, members.holder_id

),

known as (

    select min(deactivated_on) as leavers_known_on from {{ ref('int_tools__deactivation') }}

),

judged as (

    select
        members.*,
        uses.signed_on_on,
        {{ greatest_of('members.last_active_on', 'uses.audited_on') }} as last_used_on,
        logs.logged_since_on, logs.audited_since_on, known.leavers_known_on,
        leavers.holder_id is not null or not members.is_active_member as has_left
    from members
    cross join known
    left join logs on logs.tool_id = members.tool_id
    left join uses
        on uses.source = members.source and uses.tool_id = members.tool_id
        and uses.snapshot_on = members.snapshot_on and uses.holder_id = members.holder_id
    left join leavers
        on leavers.source = members.source and leavers.tool_id = members.tool_id
        and leavers.snapshot_on = members.snapshot_on and leavers.holder_id = members.holder_id

)

select
    source, tool_id, holder_id, email_key, seat_type, snapshot_on, valid_to_on, is_assigned, joined_on,
    first_seen_on, last_used_on,
    case
        when audited_since_on <= {{ add_days('snapshot_on', -27) }} then 'L3'
        when has_last_active then 'L2'
        when logged_since_on <= {{ add_days('snapshot_on', -27) }} then 'L1'
        else 'L0'
    end as activity_evidence,
    case
        when has_last_active or audited_since_on <= {{ add_days('snapshot_on', -27) }}
            then coalesce(last_used_on > {{ add_days('snapshot_on', -28) }}, false)
    end as is_active28,
    -- Nobody's seat is idle before it has been theirs for as long.
    case
        when has_last_active or audited_since_on <= {{ add_days('snapshot_on', -89) }}
            then coalesce({{ greatest_of('last_used_on', 'joined_on') }}, first_seen_on)
                <= {{ add_days('snapshot_on', -90) }}
    end as is_idle90,
    case
        when logged_since_on <= {{ add_days('snapshot_on', -27) }}
            then coalesce(signed_on_on > {{ add_days('snapshot_on', -28) }}, false)
    end as has_signed_on28,
    case when has_left or leavers_known_on <= snapshot_on then has_left end as is_leaver
from judged
