{# Functions of ours that the engine calls beside SQL (orchestration/lib/warehouse_functions.py). #}

{#
    JSON text of the back-test of health scores over the rows of the group: how weights of
    `components` fitted on early weeks do on late ones.
#}
{% macro health_backtest(components) -%}
    health_backtest({{ rows_listed(pairs_of(['account_id', 'last_on', 'lost_on'] + components)) }})
{%- endmacro %}
