with

ranked as (

    select
        *,
        row_number() over (partition by source, ticket_id order by spell_number desc) as recency
    from {{ ref('int_support__status') }}

)

select
    source, ticket_id,
    max(case when recency = 1 then status end) as status,
    max(case when recency = 1 and is_unsolved then 1 else 0 end) = 1 as is_unsolved,
    min(case when change_type = 'solved' then starts_at end) as first_solved_at,
    case
        when max(case when recency = 1 and status in ('solved', 'closed') then 1 else 0 end) = 1
            then max(case when change_type = 'solved' then starts_at end)
    end as solved_at,
    sum(case when change_type = 'reopened' then 1 else 0 end) as reopen_count,
    max(case when change_type = 'reopened' then starts_at end) as last_reopened_at,
    max(case when is_clock_fault then 1 else 0 end) = 1 as has_clock_fault,
    max(case when is_inferred then 1 else 0 end) = 1 as has_inferred_status
from ranked
group by source, ticket_id
