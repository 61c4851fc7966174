with

severe as (

    select tickets.account_id, ends.day_on, count(*) as severe_count
    from {{ ref('fct_ticket_status') }} as spells
    inner join {{ ref('dim_support_date') }} as ends
        on spells.starts_at < ends.ends_at and (spells.ends_at is null or spells.ends_at >= ends.ends_at)
        and ends.day_on = {{ add_days('ends.week_on', 6) }}
    inner join {{ ref('fct_ticket') }} as tickets
        on tickets.source = spells.source and tickets.ticket_id = spells.ticket_id
    inner join {{ ref('int_support__priority') }} as priorities
        on priorities.source = spells.source and priorities.ticket_id = spells.ticket_id
        and priorities.starts_at < ends.ends_at and priorities.ends_at >= ends.ends_at
    where spells.is_unsolved and spells.is_countable and lower(priorities.priority) in ('high', 'urgent')
    group by tickets.account_id, ends.day_on

),

-- An answer counts from its day on, also where a later one replaces it in the survey's own figures.
moods as (

    select account_id, answered_on as day_on, case when answer_number >= 9 then 1 when answer_number <= 6 then -1 else 0 end as mood
    from {{ ref('fct_survey_answer') }}
    where question_kind = 'nps' and verdict in ('valid', 'repeated')
    union all
    select account_id, csat_rated_on, case csat when 'good' then 1 else -1 end
    from {{ ref('fct_ticket') }}
    where csat is not null and csat_rated_on is not null and is_countable

),

signs as (

    select account_id, week_on, active_person_count, last_active_on, active28_person_count, feature_count,
        null as ticket_count, null as severe_count, null as mood_sum, null as mood_count
    from {{ ref('fct_account_week_use') }}
    union all
    select account_id, {{ week_of('asked_on') }}, null, null, null, null, count(*), null, null, null
    from {{ ref('fct_ticket') }}
    where is_countable and is_end_user
    group by account_id, {{ week_of('asked_on') }}
    union all
    select account_id, {{ week_of('day_on') }}, null, null, null, null, null, severe_count, null, null
    from severe
    union all
    select account_id, {{ week_of('day_on') }}, null, null, null, null, null, null, sum(mood), count(*)
    from moods
    group by account_id, {{ week_of('day_on') }}

)

select
    account_id, week_on,
    {%- for name in ['active_person_count', 'active28_person_count', 'feature_count', 'ticket_count', 'severe_count', 'mood_sum', 'mood_count'] %}
    cast(max({{ name }}) as bigint) as {{ name }},
    {%- endfor %}
    max(last_active_on) as last_active_on
from signs
group by account_id, week_on
