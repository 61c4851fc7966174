with

device_pairs as (

    select anonymous_id, user_id, known_at from {{ ref('int_identity__device_user') }}

),

device_starts as (

    select anonymous_id, min(known_at) as known_at
    from (
        select anonymous_id, known_at from device_pairs
        union all
        select left_alias, known_at from {{ ref('int_identity__edge') }} where edge_type = 'anonymous'
    ) as seen
    group by anonymous_id

),

-- A device that came with its only user, who shares no mailbox, has not moved.
restless as (

    select device_starts.anonymous_id, device_starts.known_at
    from device_starts
    inner join device_pairs on device_pairs.anonymous_id = device_starts.anonymous_id
    inner join {{ ref('int_identity__user_person') }} as people on people.user_id = device_pairs.user_id
    group by device_starts.anonymous_id, device_starts.known_at
    having count(*) > 1 or max(device_pairs.known_at) > device_starts.known_at or count(people.component_key) > 0

),

moments as (

    select anonymous_id, known_at as moment_at from restless
    union
    select device_pairs.anonymous_id, device_pairs.known_at
    from device_pairs
    inner join restless on restless.anonymous_id = device_pairs.anonymous_id
    union
    select device_pairs.anonymous_id, history.known_at
    from device_pairs
    inner join {{ ref('int_identity__user_history') }} as history
        on history.user_id = device_pairs.user_id and history.known_at > device_pairs.known_at

),

owners as (

    select
        moments.anonymous_id, moments.moment_at,
        min(coalesce(history.person_id, device_pairs.user_id)) as person_id,
        count(distinct coalesce(history.person_id, device_pairs.user_id)) as person_count
    from moments
    left join device_pairs
        on device_pairs.anonymous_id = moments.anonymous_id and device_pairs.known_at <= moments.moment_at
    left join {{ ref('int_identity__user_history') }} as history
        on history.user_id = device_pairs.user_id and history.known_at <= moments.moment_at
        and (history.superseded_at is null or history.superseded_at > moments.moment_at)
    group by moments.anonymous_id, moments.moment_at

)

select 'anonymous_id' as alias_type, anonymous_id as alias, moment_at as known_at, person_count,
    case when person_count = 1 then person_id else 'anon:' || anonymous_id end as person_id
from owners
union all
select 'user_id', user_id, known_at, 1, person_id from {{ ref('int_identity__user_history') }}
union all
select 'user_id', users.user_id, users.known_at, 1, users.user_id
from {{ ref('int_identity__user') }} as users
left join {{ ref('int_identity__user_history') }} as history
    on history.user_id = users.user_id and history.known_at = users.known_at
where users.component_key is not null and history.user_id is null
