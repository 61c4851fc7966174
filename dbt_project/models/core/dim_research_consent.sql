-- The last word counts; where two are of one moment, the one that refuses.
with

words as (

    select
        person_id, consent_state, occurred_on,
        row_number() over (
            partition by person_id
            order by
                occurred_at desc,
                case consent_state when 'refused' then 0 when 'session only' then 1 else 2 end,
                occurred_on
        ) as word_rank
    from {{ ref('fct_research_session') }}
    where person_id is not null and consent_state <> 'unknown' and is_held

)

select person_id, consent_state, occurred_on as stated_on
from words
where word_rank = 1
