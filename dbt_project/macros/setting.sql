{#
    One of the `vars:` of dbt_project.yml, or what the build says instead.

    A build says it in the environment (PRODUCTOPS_BUILD, a JSON object), not with `--vars`: dbt
    parses the whole project again whenever those change, and they change with every delivery.
    While dbt parses, the environment is left alone for the same reason.
#}
{% macro setting(name) -%}
    {% if execute %}
        {% set given = fromjson(env_var('PRODUCTOPS_BUILD', '{}')) %}
        {% if name in given %}{{ return(given[name]) }}{% endif %}
    {% endif %}
    {{ return(var(name)) }}
{%- endmacro %}
