with

registered as (

    select
        survey_id, question_id, question_kind, scale_min, scale_max,
        row_number() over (
            partition by lower(survey_id), lower(question_id) order by source, survey_id, question_id
        ) as entry_rank
    from {{ ref('stg_survey_questions') }}

),

-- The one question whose wording and scale are the same everywhere; all others must be registered.
asked as (

    select
        source, survey_id, question_id,
        max(case when lower(question_text) like '%how likely%recommend%' then 1 else 0 end) = 1 as is_nps_wording
    from {{ ref('stg_survey_responses') }}
    where answer_number is not null
    group by source, survey_id, question_id

)

select
    asked.source, asked.survey_id, asked.question_id,
    coalesce(registered.question_kind, 'nps') as question_kind,
    case when registered.question_id is null then 'wording' else 'register' end as kind_basis,
    case when registered.question_id is null then 0.0 else registered.scale_min end as scale_min,
    case when registered.question_id is null then 10.0 else registered.scale_max end as scale_max
from asked
left join registered
    on lower(registered.survey_id) = lower(asked.survey_id)
    and lower(registered.question_id) = lower(asked.question_id)
    and registered.entry_rank = 1
where registered.question_id is not null or asked.is_nps_wording
