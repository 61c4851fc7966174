with recursive

events as (select * from {{ ref('fct_funnel_event') }}),

-- For each step the first event of the next one behind it, wherever an attempt began.
hops as (

    select
        track_number, step_number, place_number, true as is_start,
        cast(null as decimal(38, 0)) as next_place, cast(null as timestamp) as next_at
    from events where not is_exclusion
    union all
    select track_number, step_number - 1, place_number, false, place_number, occurred_at
    from events where not is_exclusion and step_number > 1

),

-- Places are in the order of time, so the first place and the first moment are of one event.
looked_ahead as (

    select track_number, step_number, place_number, is_start,
        min(next_place) over behind as next_place, min(next_at) over behind as next_at
    from hops
    window behind as (
        partition by track_number, step_number order by place_number
        range between 1 following and unbounded following
    )

),

links as (

    select track_number, step_number, place_number, next_place, next_at
    from looked_ahead
    where is_start and next_place is not null

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
