select
    gate, subject, checked_at, layer, table_name, check_name, severity, owner,
    is_passed, is_crashed, is_blocking, failing_count, row_count, check_seconds
from {{ lake('check_runs') }}
