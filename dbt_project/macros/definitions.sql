{# Which definition a mart has now. #}

{# The `definition_version` that a mart's meta declares; 1 while dbt parses. #}
{% macro definition_version_of(mart) -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.name == mart and node.resource_type == 'model' -%}
            {{- node.config.meta.definition_version -}}
        {%- endfor -%}
    {%- else -%}1{%- endif -%}
{%- endmacro %}
