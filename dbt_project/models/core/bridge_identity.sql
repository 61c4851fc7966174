-- depends_on: {{ ref('int_usage__touched_date') }}
-- depends_on: {{ ref('int_usage__touched_person') }}
select
    alias_type, alias, person_id, person_type, is_shared, kept_apart_by, account_id, account_basis,
    reporting_time_zone, tz_basis, is_countable, exclusion_reasons
from {{ ref('int_identity__resolution') }}
