{# Telling rows apart and finding them again. Not here: which of them counts (versions.sql). #}

{# The same text for the same content, to settle ties between versions. #}
{% macro content_key(columns) -%}
    md5(
        {%- for column in columns %}
        coalesce(cast({{ column }} as {{ dbt.type_string() }}), '~') || '|'{{ ' ||' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{# Two rows have the same key. #}
{% macro same_key(key, left, right) -%}
    {% for part in key %}{{ left }}.{{ part }} = {{ right }}.{{ part }}{{ ' and ' if not loop.last }}{% endfor %}
{%- endmacro %}
