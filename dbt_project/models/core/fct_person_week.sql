select
    days.person_id,
    {{ week_of('days.activity_on') }} as week_on,
    versions.plan,
    min(days.activity_on) as first_on,
    max(days.activity_on) as last_on
from {{ ref('fct_person_day') }} as days
inner join {{ ref('dim_account_version') }} as versions
    on versions.account_id = days.account_id and days.activity_on >= versions.valid_from_on
    and (versions.valid_to_on is null or days.activity_on < versions.valid_to_on)
where days.is_countable
group by days.person_id, {{ week_of('days.activity_on') }}, versions.plan
