-- depends_on: {{ ref('int_usage__touched_date') }}
-- depends_on: {{ ref('int_usage__moved_day') }}
{% set built = previous('core', 'fct_activation') %}
with

horizon as (select max(case when is_complete then day_on end) as complete_on from {{ ref('dim_activity_date') }}),

criteria as (

    select criteria_id, coalesce(criteria_name, criteria_id) as criteria_name, criteria_version, feature_id,
        use_count, within_days
    from {{ ref('stg_activation_criteria') }}

),

{% if built -%}
-- Who had met the criterion, with no day changed from the first to that one, has met it still.
settled as (

    select built.criteria_id, built.criteria_version, built.person_id, built.activated_on
    from {{ built }} as built
    inner join criteria
        on criteria.criteria_id = built.criteria_id and criteria.criteria_version = built.criteria_version
        and criteria.use_count = built.use_count and criteria.feature_id is not distinct from built.feature_id
    inner join {{ ref('dim_person') }} as people
        on people.person_id = built.person_id and people.first_active_on = built.first_active_on
    inner join horizon on built.activated_on <= horizon.complete_on
    where not exists (
        select 1
        from {{ ref('int_usage__touched_date') }} as touched
        where touched.activity_on between built.first_active_on and built.activated_on
    )
    and not exists (
        select 1
        from {{ ref('int_usage__moved_day') }} as moved
        where
            moved.person_id = built.person_id
            and moved.activity_on between built.first_active_on and built.activated_on
    )

),

{% endif -%}
waiting as (

    select criteria.*, people.person_id
    from {{ ref('dim_person') }} as people
    cross join criteria
    {%- if built %}
    left join settled
        on settled.criteria_id = criteria.criteria_id and settled.criteria_version = criteria.criteria_version
        and settled.person_id = people.person_id
    {%- endif %}
    where people.first_active_on is not null{{ ' and settled.person_id is null' if built }}

),

-- Days that are not over are left out: who did it there has not done it yet.
uses as (

    select
        waiting.criteria_id, waiting.criteria_version, waiting.use_count, days.person_id, days.activity_on,
        sum(sum(days.event_count)) over (
            partition by waiting.criteria_id, waiting.criteria_version, days.person_id order by days.activity_on
        ) as used_count
    from {{ ref('fct_person_feature_day') }} as days
    cross join horizon
    inner join waiting
        on waiting.person_id = days.person_id
        and (waiting.feature_id is null or waiting.feature_id = days.feature_id)
    where days.is_countable and days.activity_on <= horizon.complete_on
    group by
        waiting.criteria_id, waiting.criteria_version, waiting.use_count, days.person_id, days.activity_on

),

reached as (

    select criteria_id, criteria_version, person_id, min(activity_on) as activated_on
    from uses
    where used_count >= use_count
    group by criteria_id, criteria_version, person_id
    {%- if built %}
    union all
    select criteria_id, criteria_version, person_id, activated_on from settled
    {%- endif %}

)

select
    criteria.criteria_id, criteria.criteria_version, people.person_id, criteria.criteria_name,
    criteria.feature_id, criteria.use_count, criteria.within_days, people.first_active_on, reached.activated_on,
    {{ days_between('people.first_active_on', 'coalesce(reached.activated_on, horizon.complete_on)') }}
        as waited_day_count,
    coalesce({{ days_between('people.first_active_on', 'horizon.complete_on') }} >= criteria.within_days - 1, false)
        as is_mature,
    coalesce({{ days_between('people.first_active_on', 'reached.activated_on') }} < criteria.within_days, false)
        as is_activated_in_time
from {{ ref('dim_person') }} as people
cross join criteria
cross join horizon
left join reached
    on reached.criteria_id = criteria.criteria_id and reached.criteria_version = criteria.criteria_version
    and reached.person_id = people.person_id
where people.first_active_on is not null
