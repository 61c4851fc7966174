with

lengths as (

    select funnel_id, funnel_version, max(step_number) as step_count
    from {{ ref('dim_funnel_step') }}
    where not is_exclusion
    group by funnel_id, funnel_version

),

attempts as (

    select
        funnel_id, funnel_version, person_id, track_number, entry_place, entered_at, entered_on, window_ends_at,
        exclusion_place, {{ last_place_at('window_ends_at') }} as window_place,
        max(step_number) as reached_step_number, max(place_number) as last_place
    from {{ ref('fct_funnel_attempt') }}
    group by
        funnel_id, funnel_version, person_id, track_number, entry_place, entered_at, entered_on, window_ends_at,
        exclusion_place

),

ended as (

    select
        attempts.*,
        case
            when attempts.reached_step_number = lengths.step_count then 'completed'
            when attempts.exclusion_place <= attempts.window_place then 'excluded'
            else 'window'
        end as end_reason
    from attempts
    inner join lengths
        on lengths.funnel_id = attempts.funnel_id and lengths.funnel_version = attempts.funnel_version

),

-- Where attempts begin and where they end, in one line.
places as (

    select track_number, entry_place as at_place, entry_place as start_place, cast(null as decimal(38, 0)) as ended_entry_place
    from ended
    union all
    select
        track_number,
        case end_reason when 'completed' then last_place when 'excluded' then exclusion_place else window_place end,
        null, entry_place
    from ended

),

following as (

    select
        track_number, ended_entry_place,
        min(start_place) over (
            partition by track_number order by at_place range between 1 following and unbounded following
        ) as next_entry_place
    from places

)

select
    ended.funnel_id, ended.funnel_version, ended.person_id, ended.track_number, ended.entry_place,
    ended.entered_at, ended.entered_on, ended.window_ends_at, ended.reached_step_number, ended.end_reason,
    following.next_entry_place
from ended
inner join following
    on following.track_number = ended.track_number and following.ended_entry_place = ended.entry_place
