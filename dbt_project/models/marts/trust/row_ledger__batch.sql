select
    batch_id, contract, source, source_file, format, status, reason,
    rows_in as rows_in_count,
    rows_loaded as rows_loaded_count,
    rows_duplicate as rows_duplicate_count,
    rows_quarantined as rows_quarantined_count,
    rows_suppressed as rows_suppressed_count,
    rows_in - rows_loaded - rows_duplicate - rows_quarantined - rows_suppressed as residual_count,
    rows_revision as rows_revision_count,
    rows_late as rows_late_count,
    rows_kept_out as rows_kept_out_count,
    first_on, last_on, loaded_at,
    true as is_complete,
    loaded_at as data_through_at,
    1 as definition_version
from {{ ref('fct_batch') }}
