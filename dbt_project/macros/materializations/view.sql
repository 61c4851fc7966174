{# A view, made anew: as in table.sql, and for the same reasons. #}
{% materialization view, adapter='duckdb' -%}
    {%- set made = this.incorporate(type='view') -%}
    {%- do make_room(load_cached_relation(this), 'view') -%}
    {%- call statement('main') -%}
        create or replace view {{ made }} as (
            {{ sql }}
        )
    {%- endcall -%}
    {%- do hold_contract(made) -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [made]}) }}
{%- endmaterialization %}
