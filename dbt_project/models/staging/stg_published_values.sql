select
    build_id, published_at, loaded_through_at, metric, day_on, segment, published_value,
    is_complete, definition_version
from {{ lake('published_values') }}
