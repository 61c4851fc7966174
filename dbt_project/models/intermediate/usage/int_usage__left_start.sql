{% set old_session = previous('core', 'fct_session') %}
{% set old_entry = previous('core', 'fct_funnel_entry') %}
-- depends_on: {{ ref('int_usage__touched_person') }}
{% if old_session and old_entry %}
{{ touched_starts(old_session, old_entry) }}
{%- else %}
{{ literal_days([], 'started_on') }}
{%- endif %}
