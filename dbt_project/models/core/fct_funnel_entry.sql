with recursive

lengths as (

    select funnel_id, funnel_version, max(step_number) as step_count
    from {{ ref('dim_funnel_step') }}
    where not is_exclusion
    group by funnel_id, funnel_version

),

attempts as (

    select
        funnel_id, funnel_version, person_id, track_number, entry_place, entered_at, entered_on,
        window_ends_at, exclusion_place, max(step_number) as reached_step_number, max(place_number) as last_place
    from {{ ref('fct_funnel_attempt') }}
    group by
        funnel_id, funnel_version, person_id, track_number, entry_place, entered_at, entered_on,
        window_ends_at, exclusion_place

),

-- The last place within each attempt's window: moments of events and ends of windows in one line.
moments as (

    select track_number, occurred_at as moment_at, 0 as is_end, place_number, cast(null as bigint) as entry_place
    from {{ ref('fct_funnel_event') }}
    union all
    select track_number, window_ends_at, 1, cast(null as bigint), entry_place
    from attempts

),

windows as (

    select track_number, entry_place, is_end,
        max(place_number) over (
            partition by track_number order by moment_at, is_end rows between unbounded preceding and current row
        ) as window_place
    from moments

),

ended as (

    select
        attempts.*,
        case
            when attempts.reached_step_number = lengths.step_count then 'completed'
            when attempts.exclusion_place <= windows.window_place then 'excluded'
            else 'window'
        end as end_reason,
        case
            when attempts.reached_step_number = lengths.step_count then attempts.last_place
            when attempts.exclusion_place <= windows.window_place then attempts.exclusion_place
            else windows.window_place
        end as end_place
    from attempts
    inner join lengths
        on lengths.funnel_id = attempts.funnel_id and lengths.funnel_version = attempts.funnel_version
    inner join windows
        on windows.track_number = attempts.track_number and windows.entry_place = attempts.entry_place
        and windows.is_end = 1

),

-- The first step-1 event behind an attempt's end begins the next one.
places as (

    select track_number, entry_place as at_place, entry_place as start_place, cast(null as bigint) as entry_place
    from ended
    union all
    select track_number, end_place, cast(null as bigint), entry_place
    from ended

),

following as (

    select track_number, entry_place,
        min(start_place) over (
            partition by track_number order by at_place range between 1 following and unbounded following
        ) as next_entry_place
    from places

),

reentries as (

    select track_number, min(entry_place) as entry_place from ended group by track_number
    union all
    select reentries.track_number, following.next_entry_place
    from reentries
    inner join following
        on following.track_number = reentries.track_number and following.entry_place = reentries.entry_place
    where following.next_entry_place is not null

),

firsts as (

    select funnel_id, funnel_version, person_id, min(entry_place) as entry_place
    from ended group by funnel_id, funnel_version, person_id

)

select
    'unique_first' as entry_mode, ended.funnel_id, ended.funnel_version, ended.person_id, ended.track_number,
    ended.entry_place, ended.entered_at, ended.entered_on, ended.window_ends_at, ended.reached_step_number, ended.end_reason
from ended
inner join firsts
    on firsts.funnel_id = ended.funnel_id and firsts.funnel_version = ended.funnel_version
    and firsts.person_id = ended.person_id and firsts.entry_place = ended.entry_place
union all
select
    'reentry', ended.funnel_id, ended.funnel_version, ended.person_id, ended.track_number, ended.entry_place,
    ended.entered_at, ended.entered_on, ended.window_ends_at, ended.reached_step_number, ended.end_reason
from ended
inner join reentries on reentries.track_number = ended.track_number and reentries.entry_place = ended.entry_place
