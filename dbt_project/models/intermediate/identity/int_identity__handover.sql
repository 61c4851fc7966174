with

sign_ins as (

    select
        sign_ins.anonymous_id, sign_ins.user_id, sign_ins.signed_in_at,
        lag(sign_ins.signed_in_at) over (
            partition by sign_ins.anonymous_id order by sign_ins.signed_in_at
        ) as previous_at
    from {{ ref('int_identity__sign_in') }} as sign_ins
    inner join {{ ref('int_identity__device') }} as devices on devices.anonymous_id = sign_ins.anonymous_id
    where devices.person_count > 1 and not devices.is_crowded

)

select
    sign_ins.anonymous_id,
    sign_ins.user_id,
    people.person_id,
    {{ greatest_of("sign_ins.signed_in_at - interval '30' minute", 'sign_ins.previous_at') }} as after_at,
    sign_ins.signed_in_at as until_at
from sign_ins
inner join {{ ref('int_identity__user_person') }} as people on people.user_id = sign_ins.user_id
