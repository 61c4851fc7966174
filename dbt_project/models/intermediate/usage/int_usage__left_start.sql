{% set old_session = previous('core', 'fct_session') %}
{% set old_entry = previous('core', 'fct_funnel_entry') %}
-- depends_on: {{ ref('int_usage__touched_person') }}
{% if old_session and old_entry %}
select sessions.started_on
from {{ old_session }} as sessions
inner join {{ ref('int_usage__touched_person') }} as touched
    on touched.person_id = sessions.person_id and sessions.ended_at + interval '30' minute >= touched.since_on
union
select entries.entered_on
from {{ old_entry }} as entries
inner join {{ ref('int_usage__touched_person') }} as touched
    on touched.person_id = entries.person_id and entries.window_ends_at >= touched.since_on
{%- else %}
{{ literal_days([], 'started_on') }}
{%- endif %}
