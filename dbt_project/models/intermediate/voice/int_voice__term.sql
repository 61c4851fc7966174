with

words as (

    select
        theme_id, term, is_exclusion,
        {{ single_spaced('lower(term)') }} as plain_term
    from {{ ref('stg_theme_terms') }}

),

stems as (

    select
        theme_id, term, is_exclusion,
        plain_term like '%*' as is_open,
        trim(case when plain_term like '%*' then substr(plain_term, 1, length(plain_term) - 1) else plain_term end)
            as stem
    from words

)

-- A term without any word would be found in every text.
select
    theme_id, term, max(is_exclusion) as is_exclusion, min(stem) as stem,
    min(split_part(stem, ' ', 1)) as first_word,
    min({{ word_pattern('stem', 'is_open') }}) as pattern
from stems
where {{ name_key('stem') }} is not null
group by theme_id, term
