-- depends_on: {{ ref('fct_person_day') }}
-- depends_on: {{ ref('dim_account') }}
-- depends_on: {{ ref('dim_activity_date') }}
-- depends_on: {{ ref('int_account__version') }}
{% set old_person = previous('core', 'dim_person') %}
{% set old_version = previous('core', 'dim_account_version') %}
with

touched as (

    select activity_on from {{ ref('int_usage__touched_date') }}
    union
    select activity_on from {{ ref('int_usage__moved_day') }}

){% if old_person and old_version %},

-- Someone's first day may move far away from the day that was touched.
first_days as (

    select person_id, min(activity_on) as first_active_on
    from {{ ref('fct_person_day') }}
    where is_countable
    group by person_id

),

moved_first_days as (

    select coalesce(new.person_id, old.person_id) as person_id, new.first_active_on as new_on, old.first_active_on as old_on
    from first_days as new
    full outer join (select person_id, first_active_on from {{ old_person }} where first_active_on is not null) as old
        on old.person_id = new.person_id
    where new.first_active_on is distinct from old.first_active_on

),

old_periods as (

    select account_id, plan, paid_seat_count, valid_from_on, valid_to_on from {{ old_version }}

),

new_periods as (

    select account_id, plan, paid_seat_count, valid_from_on, valid_to_on from {{ ref('int_account__version') }}

),

-- Before its first day an account counts nowhere, so a new one rewrites no history.
moved_accounts as (

    select moved.account_id, accounts.first_on
    from (
        select account_id from (select * from old_periods except select * from new_periods) as gone
        union
        select account_id from (select * from new_periods except select * from old_periods) as come
    ) as moved
    inner join {{ ref('dim_account') }} as accounts on accounts.account_id = moved.account_id

),

old_states as (

    select spine.day_on, periods.account_id, periods.plan, periods.paid_seat_count
    from old_periods as periods
    inner join moved_accounts on moved_accounts.account_id = periods.account_id
    inner join {{ ref('dim_activity_date') }} as spine
        on spine.day_on >= periods.valid_from_on and spine.day_on >= moved_accounts.first_on
        and (periods.valid_to_on is null or spine.day_on < periods.valid_to_on)

),

new_states as (

    select spine.day_on, periods.account_id, periods.plan, periods.paid_seat_count
    from new_periods as periods
    inner join moved_accounts on moved_accounts.account_id = periods.account_id
    inner join {{ ref('dim_activity_date') }} as spine
        on spine.day_on >= periods.valid_from_on and spine.day_on >= moved_accounts.first_on
        and (periods.valid_to_on is null or spine.day_on < periods.valid_to_on)

){% endif %}

select activity_on from touched
{%- if old_person and old_version %}
union
select new_on from moved_first_days where new_on is not null
union
select old_on from moved_first_days where old_on is not null
union
select day_on from (select * from old_states except select * from new_states) as lost
union
select day_on from (select * from new_states except select * from old_states) as gained
{%- endif %}
