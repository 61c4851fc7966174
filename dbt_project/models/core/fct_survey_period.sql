{%- set key = ['source', 'survey_id', 'question_id', 'question_kind', 'kind_basis', 'scale_min', 'scale_max',
    'segment', 'quarter_on'] -%}
with

answers as (

    select 'all' as segment, * from {{ ref('fct_survey_answer') }}
    union all
    select plan, * from {{ ref('fct_survey_answer') }}

),

counts as (

    select
        {{ key | join(', ') }},
        count(*) as answer_count,
        {%- for verdict in ['valid', 'test', 'excluded', 'off_scale', 'repeated'] %}
        sum(case when verdict = '{{ verdict }}' then 1 else 0 end) as {{ verdict }}_count,
        {%- endfor %}
        count(distinct case when verdict = 'excluded' then respondent end) as excluded_person_count,
        sum(case when verdict = 'valid' and not is_known then 1 else 0 end) as anonymous_count,
        sum(case when verdict = 'valid' then answer_number end) as answer_sum,
        sum(case when verdict = 'valid' and answer_number >= scale_max - 1 then 1 else 0 end) as top2_count,
        sum(case when verdict = 'valid' and answer_number < 7 then 1 else 0 end) as below7_count
    from answers
    group by {{ key | join(', ') }}

),

-- Each customer has one voice, however many of its people answer.
parents as (

    select
        {{ key | join(', ') }}, ultimate_parent_id,
        100.0 * sum(case when answer_number >= 9 then 1 when answer_number < 7 then -1 else 0 end) / count(*)
            as nps_score
    from answers
    where verdict = 'valid' and account_id <> 'unknown'
    group by {{ key | join(', ') }}, ultimate_parent_id

),

balanced as (

    select {{ key | join(', ') }}, count(*) as account_count, round(avg(nps_score), 9) as nps_account_score
    from parents
    group by {{ key | join(', ') }}

),

invited as (

    select
        questions.source, questions.survey_id, questions.question_id, questions.question_kind,
        questions.kind_basis, questions.scale_min, questions.scale_max, invitees.segment, invitees.quarter_on,
        count(*) as delivered_count,
        sum(case when invitees.is_answered then 1 else 0 end) as answered_count
    from (
        select 'all' as segment, * from {{ ref('fct_survey_invitee') }}
        union all
        select plan, * from {{ ref('fct_survey_invitee') }}
    ) as invitees
    inner join (
        select source, survey_id, question_id, question_kind, kind_basis, scale_min, scale_max
        from {{ ref('fct_survey_answer') }}
        group by source, survey_id, question_id, question_kind, kind_basis, scale_min, scale_max
    ) as questions
        on lower(questions.survey_id) = invitees.survey_key
    group by {{ key | join(', ') }}

),

-- Of a survey without any known delivery nobody knows the rate; of another one 0 is 0.
tracked as (

    select survey_key from {{ ref('fct_survey_invitee') }} group by survey_key

),

cells as (

    select {{ key | join(', ') }} from counts
    union
    select {{ key | join(', ') }} from invited

)

select
    {% for name in key %}cells.{{ name }}, {% endfor %}
    {%- for name in ['answer', 'valid', 'test', 'excluded', 'off_scale', 'repeated', 'excluded_person',
        'anonymous', 'top2', 'below7'] %}
    cast(coalesce(counts.{{ name }}_count, 0) as bigint) as {{ name }}_count,
    {%- endfor %}
    counts.answer_sum,
    cast(coalesce(balanced.account_count, 0) as bigint) as account_count,
    case when cells.question_kind = 'nps' then balanced.nps_account_score end as nps_account_score,
    cast(case when tracked.survey_key is not null then coalesce(invited.delivered_count, 0) end as bigint)
        as delivered_count,
    cast(case when tracked.survey_key is not null then coalesce(invited.answered_count, 0) end as bigint)
        as answered_count
from cells
left join tracked on tracked.survey_key = lower(cells.survey_id)
{%- for part in ['counts', 'balanced', 'invited'] %}
left join {{ part }}
    on {% for name in ['source', 'survey_id', 'question_id', 'segment', 'quarter_on'] -%}
    {{ part }}.{{ name }} = cells.{{ name }}{{ ' and ' if not loop.last }}{% endfor %}
{%- endfor %}
