-- depends_on: {{ ref('fct_rewritten_week') }}
select feature_id, person_id, on_from, on_until
from {{ ref('fct_flag_stretch') }}
