with

reach as (

    select high_water_at from {{ ref('dim_contract') }} where contract = 'usage_events'

),

ends as (

    select
        (select min(activity_on) from {{ ref('fct_person_day') }}) as first_on,
        (select {{ local_date('high_water_at', "'" ~ setting('org_time_zone') ~ "'") }} from reach) as last_on

),

spine as (

    {{ date_spine('(select first_on from ends)', '(select last_on from ends)') }}

)

select
    spine.day_on,
    {{ week_of('spine.day_on') }} as week_on,
    reach.high_water_at >= {{ day_over_at('spine.day_on') }} as is_complete,
    {{ least_of('reach.high_water_at', day_over_at('spine.day_on')) }} as data_through_at
from spine
cross join reach
where spine.day_on is not null
