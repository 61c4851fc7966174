-- depends_on: {{ ref('int_usage__touched_person') }}
select started_on from {{ ref('int_usage__left_start') }}
union
select sessions.started_on
from {{ ref('fct_session') }} as sessions
inner join {{ ref('int_usage__touched_person') }} as touched
    on touched.person_id = sessions.person_id and sessions.ended_at + interval '30' minute >= touched.since_on
union
select entries.entered_on
from {{ ref('fct_funnel_entry') }} as entries
inner join {{ ref('int_usage__touched_person') }} as touched
    on touched.person_id = entries.person_id and entries.window_ends_at >= touched.since_on
