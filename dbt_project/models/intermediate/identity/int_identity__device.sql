with

-- Days are asked for only where so many people signed in that they matter.
signed_in as (

    select pairs.anonymous_id, people.person_id
    from {{ ref('int_identity__device_user') }} as pairs
    inner join {{ ref('int_identity__user_person') }} as people on people.user_id = pairs.user_id
    group by pairs.anonymous_id, people.person_id

),

devices as (

    select left_alias as anonymous_id from {{ ref('int_identity__edge') }} where edge_type = 'anonymous'
    union
    select anonymous_id from signed_in

),

counted as (

    select anonymous_id, min(person_id) as first_person_id, count(*) as person_count
    from signed_in
    group by anonymous_id

),

busy as (

    select edges.left_alias as anonymous_id, people.person_id, edges.observed_on
    from {{ ref('int_identity__edge') }} as edges
    inner join counted on counted.anonymous_id = edges.left_alias
    inner join {{ ref('int_identity__user_person') }} as people on people.user_id = edges.right_alias
    where edges.edge_type = 'anonymous_user' and counted.person_count > {{ setting('device_person_limit') }}
    group by edges.left_alias, people.person_id, edges.observed_on

),

crowded as (

    select anonymous_id
    from (
        select days.anonymous_id, days.observed_on
        from (select anonymous_id, observed_on from busy group by anonymous_id, observed_on) as days
        inner join busy
            on busy.anonymous_id = days.anonymous_id
            and busy.observed_on between {{ add_days('days.observed_on', -29) }} and days.observed_on
        group by days.anonymous_id, days.observed_on
        having count(distinct busy.person_id) > {{ setting('device_person_limit') }}
    ) as months
    group by anonymous_id

)

select
    devices.anonymous_id,
    case when counted.person_count = 1 then counted.first_person_id end as person_id,
    coalesce(counted.person_count, 0) as person_count,
    crowded.anonymous_id is not null as is_crowded
from devices
left join counted on counted.anonymous_id = devices.anonymous_id
left join crowded on crowded.anonymous_id = devices.anonymous_id
