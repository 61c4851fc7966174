select
    source, opportunity_id, account_ref, stage, amount_minor, currency, probability,
    coalesce(is_closed, false) as is_closed, coalesce(is_won, false) as is_won,
    loss_reason, closes_on, created_at, updated_at, coalesce(is_deleted, false) as is_deleted,
    {{ content_key(['name', 'account_ref', 'stage', 'amount_minor', 'currency', 'probability', 'is_closed',
        'is_won', 'owner_ref', 'loss_reason', 'closes_on', 'created_at', 'is_deleted']) }} as content_key
from {{ lake('opportunities') }}
where batch_id in ({{ counted_batches() }})
