with

-- A source that has been silent for longer than its promise is not waited for.
sources as (

    select
        high_water_at,
        case when {{ seconds_between('high_water_at', as_of_at()) }} <= fail_hours * 3600 then high_water_at end
            as awaited_at
    from {{ ref('dim_contract') }}
    where contract in ('tickets', 'feedback_notes', 'survey_responses', 'opportunities')

),

reach as (

    select coalesce(min(awaited_at), max(high_water_at)) as high_water_at, max(high_water_at) as last_at
    from sources

),

ends as (

    select
        (select min(week_on) from {{ ref('fct_feedback_item') }} where is_countable) as first_on,
        {{ greatest_of(
            "(select " ~ local_date('last_at', "'" ~ setting('org_time_zone') ~ "'") ~ " from reach)",
            "(select max(occurred_on) from " ~ ref('fct_feedback_item') ~ " where is_countable)"
        ) }} as last_on

),

spine as (

    {{ date_spine('(select first_on from ends)', '(select last_on from ends)') }}

),

weeks as (

    select distinct {{ week_of('day_on') }} as week_on from spine where day_on is not null

)

select
    weeks.week_on,
    coalesce(reach.high_water_at >= {{ day_over_at(add_days('weeks.week_on', 6)) }}, false) as is_complete,
    {{ least_of(day_over_at(add_days('weeks.week_on', 6)), 'reach.high_water_at') }} as data_through_at
from weeks
cross join reach
