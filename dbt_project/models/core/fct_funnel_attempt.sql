with recursive

events as (select * from {{ ref('fct_funnel_event') }}),

-- For each step the first event of the next one behind it, wherever an attempt began.
hops as (

    select track_number, step_number, place_number, true as is_start, cast(null as bigint) as next_place
    from events where not is_exclusion
    union all
    select track_number, step_number - 1, place_number, false, place_number
    from events where not is_exclusion and step_number > 1

),

looked_ahead as (

    select
        track_number, step_number, place_number, is_start,
        min(next_place) over (
            partition by track_number, step_number order by place_number
            range between 1 following and unbounded following
        ) as next_place
    from hops

),

links as (

    select
        looked_ahead.track_number, looked_ahead.step_number, looked_ahead.place_number, looked_ahead.next_place,
        events.occurred_at as next_at
    from looked_ahead
    inner join events
        on events.track_number = looked_ahead.track_number and events.place_number = looked_ahead.next_place
        and events.step_number = looked_ahead.step_number + 1 and not events.is_exclusion
    where looked_ahead.is_start

),

watched as (

    select
        *,
        min(case when is_exclusion then place_number end) over (
            partition by track_number order by place_number range between 1 following and unbounded following
        ) as exclusion_place
    from events

),

attempts as (

    select
        funnel_id, funnel_version, person_id, track_number, place_number as entry_place,
        occurred_at as entered_at, activity_on as entered_on, window_ends_at, exclusion_place,
        step_number, place_number, occurred_at as reached_at
    from watched
    where step_number = 1 and not is_exclusion
    union all
    select
        attempts.funnel_id, attempts.funnel_version, attempts.person_id, attempts.track_number, attempts.entry_place,
        attempts.entered_at, attempts.entered_on, attempts.window_ends_at, attempts.exclusion_place,
        attempts.step_number + 1, links.next_place, links.next_at
    from attempts
    inner join links
        on links.track_number = attempts.track_number and links.step_number = attempts.step_number
        and links.place_number = attempts.place_number
    where
        links.next_at <= attempts.window_ends_at
        and (attempts.exclusion_place is null or links.next_place < attempts.exclusion_place)

)

select * from attempts
