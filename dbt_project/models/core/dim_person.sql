-- depends_on: {{ ref('fct_rewritten_date') }}
-- depends_on: {{ ref('int_usage__touched_person') }}
{% set built = previous('core', 'dim_person') %}
with

people as (

    select
        person_id,
        case
            when max(case when alias_type = 'user_id' then 1 else 0 end) = 1 then 'user'
            when max(case when alias_type = 'anonymous_id' then 1 else 0 end) = 1 then 'anonymous'
            else 'contact'
        end as person_type,
        cast(sum(case when alias_type = 'user_id' then 1 else 0 end) as bigint) as user_id_count,
        cast(sum(case when alias_type = 'anonymous_id' then 1 else 0 end) as bigint) as anonymous_id_count,
        max(is_shared) as is_shared_device,
        max(kept_apart_by) as kept_apart_by,
        min(account_id) as account_id,
        min(account_basis) as account_basis,
        min(reporting_time_zone) as reporting_time_zone,
        min(tz_basis) as tz_basis,
        min(is_countable) as is_countable,
        min(exclusion_reasons) as exclusion_reasons
    from {{ ref('bridge_identity') }}
    group by person_id

),

active_days as (

    select
        person_id, activity_on,
        min(activity_on) over (partition by person_id) as first_active_on
    from {{ ref('fct_person_day') }}
    where
        is_countable
        {%- if built %}
        and person_id in (select person_id from {{ ref('int_usage__touched_person') }})
        {%- endif %}
    group by person_id, activity_on

),

activity as (

    select
        person_id,
        first_active_on,
        max(activity_on) as last_active_on,
        count(*) as active_day_count,
        sum(
            case when {{ days_between('first_active_on', 'activity_on') }} between 7 and 13 then 1 else 0 end
        ) as active_7_13_day_count
    from active_days
    group by person_id, first_active_on
    {%- if built %}
    union all
    -- Whoever is not touched has the days of the last build.
    select known.person_id, known.first_active_on, known.last_active_on, known.active_day_count, known.active_7_13_day_count
    from {{ built }} as known
    left join {{ ref('int_usage__touched_person') }} as touched on touched.person_id = known.person_id
    where touched.person_id is null and known.first_active_on is not null
    {%- endif %}

)

select
    people.person_id, people.person_type, people.user_id_count, people.anonymous_id_count,
    people.is_shared_device, people.kept_apart_by, people.account_id, people.account_basis, people.reporting_time_zone,
    people.tz_basis, people.is_countable, people.exclusion_reasons,
    activity.first_active_on, activity.last_active_on,
    coalesce(activity.active_day_count, 0) as active_day_count,
    cast(coalesce(activity.active_7_13_day_count, 0) as bigint) as active_7_13_day_count
from people
left join activity on activity.person_id = people.person_id
