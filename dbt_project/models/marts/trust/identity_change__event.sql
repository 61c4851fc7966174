select
    changes.alias_type, changes.alias, changes.changed_at, changes.changed_on, changes.change_type, changes.evidence,
    changes.old_person_id, changes.new_person_id, changes.person_day_count,
    true as is_complete,
    changes.changed_at as data_through_at,
    1 as definition_version
from {{ ref('fct_identity_change') }} as changes
