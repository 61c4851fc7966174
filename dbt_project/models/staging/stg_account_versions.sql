select
    source, account_ref, plan, lifecycle, arr_minor, currency, paid_seat_count,
    churned_on, updated_at, coalesce(is_deleted, false) as is_deleted,
    {{ content_key(['external_id', 'name', 'domain', 'parent_ref', 'plan', 'lifecycle', 'arr_minor',
        'currency', 'paid_seat_count', 'churned_on', 'is_deleted']) }} as content_key
from {{ lake('accounts') }}
where batch_id in ({{ counted_batches() }})
