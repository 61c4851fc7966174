with

runs as (

    select
        *,
        lag(checked_at) over (
            partition by gate, table_name, check_name order by checked_at, subject
        ) as previous_checked_at,
        lag(is_passed) over (
            partition by gate, table_name, check_name order by checked_at, subject
        ) as was_passed,
        row_number() over (
            partition by gate, table_name, check_name order by checked_at desc, subject desc
        ) as recency
    from {{ ref('fct_check_run') }}

)

select
    gate, subject, checked_at, layer, table_name, check_name, severity, owner,
    is_passed, is_crashed, is_blocking, failing_count, row_count, check_seconds,
    previous_checked_at,
    not is_passed and coalesce(was_passed, true) as is_new_breach,
    is_passed and not coalesce(was_passed, true) as is_recovery,
    recency = 1 as is_latest,
    true as is_complete,
    checked_at as data_through_at,
    1 as definition_version
from runs
