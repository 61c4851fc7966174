select people.user_id, people.component_key, min(seen.known_at) as known_at
from (
    select left_alias as user_id, known_at from {{ ref('int_identity__edge') }} where edge_type = 'user'
    union all
    select user_id, known_at from {{ ref('stg_identity_versions') }} where user_id is not null
) as seen
inner join {{ ref('int_identity__user_person') }} as people on people.user_id = seen.user_id
group by people.user_id, people.component_key
