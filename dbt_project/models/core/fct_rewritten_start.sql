-- depends_on: {{ ref('int_usage__touched_person') }}
select started_on from {{ ref('int_usage__left_start') }}
union
{{ touched_starts(ref('fct_session'), ref('fct_funnel_entry')) }}
