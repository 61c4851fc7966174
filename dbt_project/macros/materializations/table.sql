{#
    A table, made anew. Builds work on a copy of the warehouse that nobody reads, so a table needs
    no second name until it is whole, and dbt's renaming to and fro (a third of a small model's
    time) has no use here.

    The contract is held against the table that was made instead of planning the model's query a
    second time. Its columns stand in the order of the contract.
#}
{% materialization table, adapter='duckdb' -%}
    {%- set made = this.incorporate(type='table') -%}
    {%- do make_room(load_cached_relation(this), 'table') -%}
    {%- call statement('main') -%}
        create or replace table {{ made }} as
        {%- if config.get('contract').enforced %}
        select {{ model['columns'] | join(', ') }} from (
            {{ sql }}
        ) as model
        {%- else %}
        {{ sql }}
        {%- endif %}
    {%- endcall -%}
    {%- do hold_contract(made) -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [made]}) }}
{%- endmaterialization %}

{# Drops what has the name but is of another kind: `create or replace` refuses to replace it. #}
{% macro make_room(existing, kind) -%}
    {%- if existing is not none and existing.type != kind -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
{%- endmacro %}

{# Raises dbt's own error where names or types of the relation's columns differ from the contract. #}
{% macro hold_contract(relation) -%}
    {%- if config.get('contract').enforced -%}
        {%- do assert_columns_equivalent('select * from ' ~ relation) -%}
    {%- endif -%}
{%- endmacro %}
