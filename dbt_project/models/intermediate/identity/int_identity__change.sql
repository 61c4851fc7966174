with

turns as (

    select
        *, {{ local_date('known_at', "'" ~ setting('org_time_zone') ~ "'") }} as known_on,
        case when lag(person_id) over (partition by alias_type, alias order by known_at) <> person_id then known_at end as turned_at
    from {{ ref('int_identity__state') }}

),

-- What came on one day became known together: whose an id is at its end, and since when.
days as (

    select
        *, max(turned_at) over (partition by alias_type, alias, known_on) as changed_at,
        row_number() over (partition by alias_type, alias, known_on order by known_at desc) as rank_from_last
    from turns

),

steps as (

    select
        *,
        lag(person_id) over (partition by alias_type, alias order by known_on) as old_person_id,
        lag(person_count) over (partition by alias_type, alias order by known_on) as old_person_count
    from days
    where rank_from_last = 1

)

select
    alias_type, alias, changed_at, old_person_id, person_id as new_person_id,
    case
        when person_id = case alias_type when 'user_id' then alias else 'anon:' || alias end then 'split'
        else 'merge'
    end as change_type,
    case
        when alias_type = 'user_id' and person_id = alias then 'too many ids'
        when person_id = 'anon:' || alias then 'several people on a device'
        when alias_type = 'anonymous_id' and old_person_count = 0 then 'sign-in on a device'
        else 'shared mailbox'
    end as evidence
from steps
where old_person_id <> person_id
