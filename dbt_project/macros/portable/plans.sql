{#
    What our own functions say of experiments (orchestration/lib/experiment_functions.py): JSON
    text in, JSON text out. Every engine calls them by the same names.
#}

{# The plan of an experiment with every default filled in, its hash, and what is wrong with it. #}
{% macro experiment_plan(spec) -%}
    experiment_plan({{ spec }})
{%- endmacro %}

{# The definition of a metric with every default filled in, and what is wrong with it. #}
{% macro metric_definition(spec) -%}
    metric_definition({{ spec }})
{%- endmacro %}

{#
    Which of `buckets` equal parts a unit falls into: the same on every engine and in every run.
    An engine's own hash will not do: for one salt and the next it may split units in the same way.
#}
{% macro bucket_of(unit, salt, buckets) -%}
    {{ adapter.dispatch('bucket_of', 'productops')(unit, salt, buckets) }}
{%- endmacro %}

{% macro default__bucket_of(unit, salt, buckets) -%}
    cast(conv(substr(md5({{ unit }} || ':' || {{ salt }}), 1, 8), 16, 10) as bigint) % {{ buckets }}
{%- endmacro %}

{% macro duckdb__bucket_of(unit, salt, buckets) -%}
    cast(cast('0x' || substr(md5({{ unit }} || ':' || {{ salt }}), 1, 8) as bigint) % {{ buckets }} as bigint)
{%- endmacro %}
