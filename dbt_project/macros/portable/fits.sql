{# Functions of ours that the engine calls beside SQL (orchestration/lib/warehouse_functions.py). #}

{#
    JSON text of the back-test of health scores over the rows of the group: how weights of
    `components` fitted on early weeks do on late ones.
#}
{% macro health_backtest(components) -%}
    {{ adapter.dispatch('health_backtest', 'productops')(components) }}
{%- endmacro %}

{% macro default__health_backtest(components) -%}
    health_backtest(collect_list(struct(account_id, last_on, lost_on{% for name in components %}, {{ name }}{% endfor %})))
{%- endmacro %}

{% macro duckdb__health_backtest(components) -%}
    health_backtest(list(struct_pack(
        account_id := account_id, last_on := last_on, lost_on := lost_on
        {%- for name in components %}, {{ name }} := {{ name }}{% endfor %}
    )))
{%- endmacro %}
