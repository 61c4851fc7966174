{# Deleting rows by another table. Engines that know `delete ... using` need it: it is much faster. #}

{# Deletes rows of `target`, in `condition` called `built`, that meet it with a row of `other`, called `touched`. #}
{% macro delete_met(target, other, condition) -%}
    {{ adapter.dispatch('delete_met', 'productops')(target, other, condition) }}
{%- endmacro %}

{% macro default__delete_met(target, other, condition) -%}
    merge into {{ target }} as built
    using {{ other }} as touched
        on {{ condition }}
    when matched then delete
{%- endmacro %}

{% macro duckdb__delete_met(target, other, condition) -%}
    delete from {{ target }} as built
    using {{ other }} as touched
    where {{ condition }}
{%- endmacro %}
