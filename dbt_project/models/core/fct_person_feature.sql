-- depends_on: {{ ref('fct_rewritten_week') }}
{%- set built = previous('core', 'fct_person_feature') %}
{%- set since = first_rewritten_week() %}
{%- set weeks = ['exposed_week_on', 'first_week_on', 'second_week_on', 'tried_week_on', 'repeated_week_on', 'retained_week_on'] %}
with

uses as (

    select feature_id, person_id, week_on
    from {{ ref('fct_person_feature_week') }}
    where is_countable and feature_id <> 'none'{{ ' and week_on >= ' ~ since if built }}

),

-- Exposed: active under a plan that includes the feature while it was out, the first time.
exposed as (

    select features.feature_id, plan_weeks.person_id, min(plan_weeks.week_on) as exposed_week_on
    from {{ ref('dim_feature') }} as features
    inner join {{ ref('fct_person_week') }} as plan_weeks
        on coalesce(plan_weeks.last_on >= features.released_on, true)
        and coalesce(plan_weeks.first_on < features.retired_on, true)
        and coalesce({{ json_array_has('features.entitled_plans', 'plan_weeks.plan') }}, true)
        {{ 'and plan_weeks.week_on >= ' ~ since if built }}
    {{ left_join_flags('features', 'plan_weeks') }}
    where features.flag_id is null or switched.person_id is not null
    group by features.feature_id, plan_weeks.person_id

),

firsts as (

    select feature_id, person_id, min(week_on) as first_week_on from uses group by feature_id, person_id

),

-- Each week is the earliest of its kind: before the first one that is written again it stays as it
-- was, and only where none was found by then it is looked for from there on.
known as (

    {% if built -%}
    select feature_id, person_id
        {%- for week in weeks %}, case when {{ week }} < {{ since }} then {{ week }} end as {{ week }}{% endfor %}
    from {{ built }}
    {%- else -%}
    select feature_id, person_id{% for week in weeks %}, cast(null as date) as {{ week }}{% endfor %}
    from firsts
    where 1 = 0
    {%- endif %}

),

-- Whom anything new can be told of.
moving as (

    select
        found.feature_id, found.person_id,
        coalesce(known.exposed_week_on, found.exposed_week_on) as exposed_week_on,
        coalesce(known.first_week_on, found.first_week_on) as first_week_on,
        known.second_week_on, known.tried_week_on, known.repeated_week_on, known.retained_week_on
    from (
        select
            coalesce(exposed.feature_id, firsts.feature_id) as feature_id,
            coalesce(exposed.person_id, firsts.person_id) as person_id, exposed.exposed_week_on, firsts.first_week_on
        from exposed
        full outer join firsts on firsts.feature_id = exposed.feature_id and firsts.person_id = exposed.person_id
    ) as found
    left join known on known.feature_id = found.feature_id and known.person_id = found.person_id

),

-- Everybody has four weeks to try it, and eight from then on to come back to it.
tried as (

    select
        moving.feature_id, moving.person_id,
        coalesce(min(moving.second_week_on), min(case when uses.week_on > moving.first_week_on then uses.week_on end))
            as second_week_on,
        coalesce(min(moving.tried_week_on), min(case
            when uses.week_on >= moving.exposed_week_on and uses.week_on < {{ add_days('moving.exposed_week_on', 28) }}
                then uses.week_on
        end)) as tried_week_on
    from moving
    inner join uses on uses.feature_id = moving.feature_id and uses.person_id = moving.person_id
    group by moving.feature_id, moving.person_id

),

came_back as (

    select
        tried.feature_id, tried.person_id, min(uses.week_on) as repeated_week_on,
        min(case when uses.week_on >= {{ add_days('tried.tried_week_on', 35) }} then uses.week_on end) as retained_week_on
    from tried
    inner join uses
        on uses.feature_id = tried.feature_id and uses.person_id = tried.person_id
        and uses.week_on > tried.tried_week_on and uses.week_on <= {{ add_days('tried.tried_week_on', 56) }}
    group by tried.feature_id, tried.person_id

)

select
    moving.feature_id, moving.person_id, moving.exposed_week_on, moving.first_week_on,
    coalesce(moving.second_week_on, tried.second_week_on) as second_week_on,
    coalesce(moving.tried_week_on, tried.tried_week_on) as tried_week_on,
    coalesce(moving.repeated_week_on, came_back.repeated_week_on) as repeated_week_on,
    coalesce(moving.retained_week_on, came_back.retained_week_on) as retained_week_on
from moving
left join tried on tried.feature_id = moving.feature_id and tried.person_id = moving.person_id
left join came_back on came_back.feature_id = moving.feature_id and came_back.person_id = moving.person_id
{%- if built %}
union all
select known.feature_id, known.person_id{% for week in weeks %}, known.{{ week }}{% endfor %}
from known
left join moving on moving.feature_id = known.feature_id and moving.person_id = known.person_id
where moving.person_id is null and coalesce(known.exposed_week_on, known.first_week_on) is not null
{%- endif %}
