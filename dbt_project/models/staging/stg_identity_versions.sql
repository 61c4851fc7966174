select source, identity_ref, user_id, email_key, min(loaded_at) as known_at
from {{ lake('identities') }}
where batch_id in ({{ counted_batches() }})
group by source, identity_ref, user_id, email_key
