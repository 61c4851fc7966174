with

changed as (

    select metric, day_on, segment, first_loaded_through_at as then_at
    from {{ ref('fct_restated_day') }}
    where metric in ('dau_count', 'wau_count', 'mau28_count') and metric_value <> first_value

),

-- Whose an id was then: whom it moved away from first, after that.
past as (

    select horizons.then_at, moves.alias_type, moves.alias, moves.old_person_id,
        row_number() over (
            partition by horizons.then_at, moves.alias_type, moves.alias order by moves.changed_at
        ) as move_rank
    from (select then_at from changed group by then_at) as horizons
    inner join {{ ref('fct_identity_change') }} as moves on moves.changed_at > horizons.then_at

),

uses as (

    select
        suspects.metric, suspects.day_on, suspects.segment, suspects.then_at,
        days.activity_on, days.account_id, days.known_at <= suspects.then_at as was_known,
        coalesce(past.old_person_id, days.person_id) as then_person_id, days.person_id
    from {{ ref('fct_restated_person') }} as suspects
    inner join {{ ref('fct_alias_day') }} as days
        on days.person_id = suspects.person_id and days.activity_on <= suspects.day_on
        and days.activity_on > {{ add_days('suspects.day_on', '-suspects.window_days') }}
    left join past
        on past.then_at = suspects.then_at and past.alias_type = days.alias_type and past.alias = days.alias
        and past.move_rank = 1

),

subjects as (

    select person_id, account_id, activity_on from uses
    union
    select then_person_id, account_id, activity_on from uses

),

barred as (

    select subjects.person_id, subjects.account_id, subjects.activity_on, min(rules.known_at) as since_at
    from subjects
    inner join {{ ref('dim_exclusion') }} as rules
        on rules.subject_id = case rules.subject_type when 'person' then subjects.person_id else subjects.account_id end
        and (rules.valid_from_on is null or subjects.activity_on >= rules.valid_from_on)
        and (rules.valid_to_on is null or subjects.activity_on < rules.valid_to_on)
    group by subjects.person_id, subjects.account_id, subjects.activity_on

),

judged as (

    select
        uses.*,
        then_barred.since_at is null or then_barred.since_at > uses.then_at as then_counts,
        barred.since_at is null or barred.since_at > uses.then_at as counts_by_old_rules,
        barred.since_at is null as counts
    from uses
    left join barred
        on barred.person_id = uses.person_id and barred.account_id = uses.account_id
        and barred.activity_on = uses.activity_on
    left join barred as then_barred
        on then_barred.person_id = uses.then_person_id and then_barred.account_id = uses.account_id
        and then_barred.activity_on = uses.activity_on

),

-- Their part of the figure four times: as all was then, with the late rows, as the people are now, as it is now.
stages as (

    select
        metric, day_on, segment,
        count(distinct case when was_known and then_counts then then_person_id end) as then_count,
        count(distinct case when then_counts then then_person_id end) as late_count,
        count(distinct case when counts_by_old_rules then person_id end) as identity_count,
        count(distinct case when counts then person_id end) as now_count
    from judged
    group by metric, day_on, segment

)

-- Nobody who could be the reason is no reason.
select
    changed.metric, changed.day_on, changed.segment,
    cast(coalesce(late_count - then_count, 0) as double) as late_difference,
    cast(coalesce(identity_count - late_count, 0) as double) as identity_difference,
    cast(coalesce(now_count - identity_count, 0) as double) as exclusion_difference
from changed
left join stages
    on stages.metric = changed.metric and stages.day_on = changed.day_on and stages.segment = changed.segment
