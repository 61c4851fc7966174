with

changed as (

    select metric, day_on, segment, window_days, first_loaded_through_at as then_at
    from {{ ref('fct_restated_day') }}
    where metric in ('dau_count', 'wau_count', 'mau28_count') and metric_value <> first_value

),

-- No figure was told sooner than this after its day began, so what came sooner came in time.
soonest as (

    select min(then_at) as then_at, min({{ seconds_between('cast(day_on as timestamp)', 'then_at') }}) as wait_seconds
    from changed

),

moves as (

    select moves.alias_type, moves.alias, moves.changed_at, moves.old_person_id
    from {{ ref('fct_identity_change') }} as moves
    inner join soonest on moves.changed_at > soonest.then_at

),

moved_days as (

    select days.person_id, moves.old_person_id, days.activity_on, moves.changed_at
    from {{ ref('fct_alias_day') }} as days
    inner join moves on moves.alias_type = days.alias_type and moves.alias = days.alias

),

-- Whoever came late, moved or fell under a rule since then; all others are in each figure alike.
news as (

    select days.person_id, days.activity_on, days.known_at as told_at
    from {{ ref('fct_alias_day') }} as days
    inner join soonest
        on {{ seconds_between('cast(days.activity_on as timestamp)', 'days.known_at') }} > soonest.wait_seconds
    union all
    select person_id, activity_on, changed_at from moved_days
    union all
    select old_person_id, activity_on, changed_at from moved_days
    union all
    select days.person_id, days.activity_on, rules.known_at
    from {{ ref('fct_person_day') }} as days
    inner join {{ ref('dim_exclusion') }} as rules
        on rules.subject_id = case rules.subject_type when 'person' then days.person_id else days.account_id end
    inner join soonest on rules.known_at > soonest.then_at

),

-- Days are far fewer than news, so a figure is held against the days first.
told_days as (

    select changed.*, days.activity_on
    from changed
    inner join (select activity_on from news group by activity_on) as days
        on days.activity_on <= changed.day_on
        and days.activity_on > {{ add_days('changed.day_on', '-changed.window_days') }}

)

select changed.metric, changed.day_on, changed.segment, changed.window_days, changed.then_at, news.person_id
from told_days as changed
inner join news on news.activity_on = changed.activity_on and news.told_at > changed.then_at
group by
    changed.metric, changed.day_on, changed.segment, changed.window_days, changed.then_at, news.person_id
