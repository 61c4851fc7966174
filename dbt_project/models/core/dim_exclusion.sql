-- depends_on: {{ ref('int_usage__touched_date') }}
-- depends_on: {{ ref('int_usage__touched_person') }}
select subject_type, subject_id, reason, valid_from_on, valid_to_on, known_at
from {{ ref('int_identity__exclusion') }}
