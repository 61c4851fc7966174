-- depends_on: {{ ref('int_usage__touched_date') }}
-- depends_on: {{ ref('int_usage__touched_person') }}
select anonymous_id, user_id, person_id, after_at, until_at
from {{ ref('int_identity__handover') }}
