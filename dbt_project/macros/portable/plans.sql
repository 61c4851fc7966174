{#
    What our own functions say of experiments (orchestration/lib/experiment_functions.py): JSON
    text in, JSON text out. Every engine calls them by the same names.
#}

{# The plan of an experiment with every default filled in, its hash, and what is wrong with it. #}
{% macro experiment_plan(spec, name) -%}
    experiment_plan({{ spec }}, {{ name }})
{%- endmacro %}

{# The definition of a metric with every default filled in, and what is wrong with it. #}
{% macro metric_definition(spec, name) -%}
    metric_definition({{ spec }}, {{ name }})
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


{#
    JSON text with every readout of an experiment: its looks, the checks before them, all
    comparisons. `facts` are expressions by name; the other arguments are columns of one list each.
#}
{% macro experiment_readout(plan, facts, metrics, looks, sums, days, quantiles) -%}
    experiment_readout(
        {{ plan }}, {{ packed(facts) }}, {{ metrics }}, {{ looks }}, {{ sums }}, {{ days }}, {{ quantiles }}
    )
{%- endmacro %}

{# One value of several named ones. #}
{% macro packed(fields) -%}
    {{ adapter.dispatch('packed', 'productops')(fields) }}
{%- endmacro %}

{% macro default__packed(fields) -%}
    named_struct({% for name, value in fields.items() %}'{{ name }}', {{ value }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{% macro duckdb__packed(fields) -%}
    struct_pack({% for name, value in fields.items() %}{{ name }} := {{ value }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{# The rows of a group as one list of values with these columns. #}
{% macro rows_listed(columns) -%}
    {{ adapter.dispatch('rows_listed', 'productops')(columns) }}
{%- endmacro %}

{% macro default__rows_listed(columns) -%}
    collect_list({{ packed(dict(columns)) }})
{%- endmacro %}

{% macro duckdb__rows_listed(columns) -%}
    list({{ packed(dict(columns)) }})
{%- endmacro %}

{#
    JSON text with the verdict on splits by chance: `arms` has a row of sums per split and arm, and
    `shifts` what was taken from each value before.
#}
{% macro metric_replay(arms, shifts) -%}
    metric_replay({{ rows_listed([
        ['split_no', arms ~ '.split_no'], ['arm_no', arms ~ '.arm_no'], ['n', arms ~ '.n'],
        ['shift_y', shifts ~ '.shift_y'], ['shift_d', shifts ~ '.shift_d'], ['s_y', arms ~ '.s_y'],
        ['s_d', arms ~ '.s_d'], ['q_yy', arms ~ '.q_yy'], ['q_dd', arms ~ '.q_dd'], ['q_yd', arms ~ '.q_yd'],
    ]) }})
{%- endmacro %}

{# JSON text with what concluded experiments teach together; arguments are lists of rows. #}
{% macro experiment_portfolio(concluded, buckets) -%}
    experiment_portfolio({{ concluded }}, {{ buckets }})
{%- endmacro %}
