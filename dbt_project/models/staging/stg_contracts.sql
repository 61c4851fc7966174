select
    contract,
    owner,
    grain,
    cast(warn_hours as bigint) as warn_hours,
    cast(fail_hours as bigint) as fail_hours,
    cast(late_after_hours as bigint) as late_after_hours
from {{ lake('contracts') }}
