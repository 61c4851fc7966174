{%- set zone = "'" ~ setting('org_time_zone') ~ "'" -%}
with

spine as (

    {{ date_spine(
        '(select ' ~ local_date('first_created_at', zone) ~ ' from ' ~ ref('int_support__reach') ~ ')',
        '(select ' ~ local_date('last_at', zone) ~ ' from ' ~ ref('int_support__reach') ~ ')'
    ) }}

),

days as (

    select day_on, {{ utc_time('cast(' ~ add_days('day_on', 1) ~ ' as timestamp)', zone) }} as ends_at
    from spine
    where day_on is not null

)

select
    days.day_on,
    {{ week_of('days.day_on') }} as week_on,
    days.ends_at,
    reach.has_changes,
    reach.has_messages,
    reach.through_at as sources_reach_at,
    reach.through_at >= days.ends_at as is_complete,
    {{ least_of('reach.through_at', 'days.ends_at') }} as data_through_at
from days
cross join {{ ref('int_support__reach') }} as reach
