with

-- What a list last said about somebody holds until it says something else.
told as (

    select source || ':' || tool_id as told_by, email_key, snapshot_on as told_on, is_active_member as is_active
    from {{ ref('int_tools__member') }}
    where email_key is not null
    union all
    select source || ':' || identity_ref, email_key, cast(updated_at as date), is_active
    from {{ ref('stg_identities') }}
    where is_active is not null and email_key in (select email_key from {{ ref('int_tools__member') }})

),

marked as (

    select
        told_by, email_key, told_on, is_active,
        coalesce(lag(is_active) over (partition by told_by, email_key order by told_on), not is_active)
            <> is_active as is_change
    from told

),

spells as (

    select
        told_by, email_key, is_active, told_on as deactivated_on,
        lead(told_on) over (partition by told_by, email_key order by told_on) as reactivated_on
    from marked
    where is_change

)

select email_key, told_by, deactivated_on, reactivated_on
from spells
where not is_active
