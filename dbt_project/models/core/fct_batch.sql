select
    batch_id, file_id, contract, source, source_file, format,
    case when is_withdrawn then 'withdrawn' else status end as status,
    reason, rows_in, rows_loaded, rows_duplicate, rows_quarantined, rows_suppressed,
    rows_revision, rows_late, rows_kept_out, first_on, last_on, delivered_on, loaded_at
from {{ ref('stg_batches') }}
