with

activity as (

    select
        account_id,
        min(activity_on) as first_active_on,
        max(case when is_countable then activity_on end) as last_active_on
    from {{ ref('fct_person_day') }}
    group by account_id

),

excluded as (

    select subject_id as account_id, {{ distinct_texts('reason') }} as exclusion_reasons
    from {{ ref('dim_exclusion') }}
    where subject_type = 'account'
    group by subject_id

)

select
    accounts.account_id, accounts.ultimate_parent_id, accounts.name, accounts.domain,
    accounts.plan, accounts.lifecycle, accounts.arr_minor,
    coalesce(accounts.currency, '{{ setting("org_currency") }}') as currency,
    accounts.paid_seat_count,
    accounts.time_zone, accounts.owner_ref, accounts.industry, accounts.record_source, accounts.record_ref,
    accounts.churned_on, accounts.created_at, accounts.is_deleted,
    excluded.account_id is null as is_countable,
    excluded.exclusion_reasons,
    {{ least_of('cast(accounts.created_at as date)', 'activity.first_active_on') }} as first_on,
    activity.first_active_on, activity.last_active_on
from {{ ref('int_account__account') }} as accounts
left join activity on activity.account_id = accounts.account_id
left join excluded on excluded.account_id = accounts.account_id
