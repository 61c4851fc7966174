with

-- A gate that is evaluated twice within a second tells of the same moment once: what came last in
-- severity of its outcome counts, so that no breach is lost.
ranked as (

    select
        *,
        row_number() over (
            partition by gate, subject, checked_at, table_name, check_name
            order by is_passed, is_crashed desc, failing_count desc, check_seconds
        ) as outcome_rank
    from {{ ref('stg_check_runs') }}

)

select
    gate, subject, checked_at, layer, table_name, check_name, severity, owner,
    is_passed, is_crashed, is_blocking, failing_count, row_count, check_seconds
from ranked
where outcome_rank = 1
