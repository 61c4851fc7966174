-- Also of deliveries that were replaced since: the company's file is delivered whole each time.
select subject_type, subject, reason, valid_from, valid_to, min(loaded_at) as known_at
from {{ lake('exclusions') }}
group by subject_type, subject, reason, valid_from, valid_to
