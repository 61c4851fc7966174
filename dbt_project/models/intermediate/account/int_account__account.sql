with

ids as (

    select account_id from {{ ref('int_account__alias') }}
    union
    select 'unknown'

),

primary_records as (

    select * from {{ ref('int_account__record') }} where is_primary

),

-- Only the time zone may come from any record: an unknown one would stop the engine.
zones as (

    select records.account_id, min(records.time_zone) as time_zone
    from {{ ref('int_account__record') }} as records
    inner join ({{ known_time_zones() }}) as known on known.time_zone = records.time_zone
    where not records.is_deleted
    group by records.account_id

),

primary_zones as (

    select primary_records.account_id, primary_records.time_zone
    from primary_records
    inner join ({{ known_time_zones() }}) as known on known.time_zone = primary_records.time_zone

)

select
    ids.account_id,
    coalesce(parents.ultimate_parent_id, ids.account_id) as ultimate_parent_id,
    case when ids.account_id = 'unknown' then 'No account known' else facts.name end as name,
    facts.domain,
    facts.plan,
    facts.lifecycle,
    facts.arr_minor,
    facts.currency,
    facts.paid_seat_count,
    coalesce(primary_zones.time_zone, zones.time_zone) as time_zone,
    facts.source as record_source,
    facts.account_ref as record_ref,
    facts.owner_ref,
    facts.industry,
    facts.churned_on,
    facts.created_at,
    coalesce(facts.is_deleted, false) as is_deleted
from ids
left join primary_records as facts on facts.account_id = ids.account_id
left join zones on zones.account_id = ids.account_id
left join primary_zones on primary_zones.account_id = ids.account_id
left join {{ ref('int_account__parent') }} as parents on parents.account_id = ids.account_id
