{% set old_bridge = previous('core', 'bridge_identity') -%}
select
    old.alias_type, old.alias, old.person_id as old_person_id, new.person_id as new_person_id,
    old.account_id as old_account_id,
    coalesce(new.reporting_time_zone <> old.reporting_time_zone, false) as is_other_clock,
    coalesce(
        new.person_id = old.person_id and new.reporting_time_zone = old.reporting_time_zone
        and new.tz_basis = old.tz_basis, false
    ) as is_account_alone
from {{ old_bridge or ref('int_identity__resolution') }} as old
left join {{ ref('int_identity__resolution') }} as new
    on new.alias_type = old.alias_type and new.alias = old.alias
where
    old.alias_type in ('user_id', 'anonymous_id')
    and (
        new.alias is null
        or new.person_id <> old.person_id
        or new.account_id <> old.account_id
        or new.reporting_time_zone <> old.reporting_time_zone
        or new.tz_basis <> old.tz_basis
    )
