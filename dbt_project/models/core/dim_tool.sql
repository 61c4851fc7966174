with

registered as (

    select *, row_number() over (partition by tool_id order by source) as tool_rank
    from {{ ref('stg_tools') }}

),

evidence as (

    select
        tool_id, starts_on as first_contract_on, cast(null as date) as snapshot_on, cast(null as date) as spent_on
    from {{ ref('dim_tool_contract') }}
    union all
    select tool_id, null, snapshot_on, null from {{ ref('fct_tool_seat') }}
    union all
    select tool_id, null, null, spent_on from {{ ref('fct_tool_spend') }} where is_countable
    union all
    select tool_id, null, null, null from registered
    union all
    select 'unknown', null, null, null

),

tools as (

    select
        tool_id, min(first_contract_on) as first_contract_on,
        min(snapshot_on) as first_snapshot_on, max(snapshot_on) as last_snapshot_on,
        min(spent_on) as first_spent_on
    from evidence
    group by tool_id

)

select
    tools.tool_id,
    case when tools.tool_id = 'unknown' then 'Not in the register' else coalesce(registered.name, tools.tool_id) end
        as tool_name,
    registered.vendor,
    coalesce(registered.category, 'unknown') as category,
    registered.owner,
    registered.tool_id is not null as is_registered,
    tools.first_contract_on, tools.first_snapshot_on, tools.last_snapshot_on, tools.first_spent_on
from tools
left join registered on registered.tool_id = tools.tool_id and registered.tool_rank = 1
