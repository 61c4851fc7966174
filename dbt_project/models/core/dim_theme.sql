select
    theme_id,
    min(theme_name) as theme_name,
    min(feature_id) as feature_id,
    cast(sum(case when is_exclusion then 0 else 1 end) as bigint) as term_count,
    cast(sum(case when is_exclusion then 1 else 0 end) as bigint) as exclusion_term_count,
    substr(md5({{ distinct_texts("case when is_exclusion then '-' else '+' end || term") }}), 1, 8) as terms_version
from {{ ref('stg_theme_terms') }}
group by theme_id
