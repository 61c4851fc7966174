with

names as (

    select tool_id, 1 as name_rank, {{ name_key('name') }} as name_key from {{ ref('stg_tools') }}
    union all
    select tool_id, 1, {{ name_key('tool_id') }} from {{ ref('stg_tools') }}
    union all
    select tool_id, 1, {{ name_key('app_name') }}
    from ({{ json_array_rows(ref('stg_tools'), ['tool_id'], 'app_names', 'app_name') }}) as apps
    union all
    select tool_id, 2, {{ name_key('vendor') }} from {{ ref('stg_tools') }}

),

ranked as (

    select *, min(name_rank) over (partition by name_key) as best_rank
    from names
    where name_key is not null

)

-- A name that two tools share says nothing; a tool's own name comes before its vendor's.
select name_key, min(tool_id) as tool_id
from ranked
where name_rank = best_rank
group by name_key
having count(distinct tool_id) = 1
