{#
    Items of a contract that the newest complete export of their scope lists no more, and since
    which export. What is listed again has not vanished; an item of several scopes has when none
    of them lists it. Which exports are complete, the sources say themselves by filling
    `listed_rows`.
#}
{% macro vanished(contract) -%}
with

listed as (

    select source, scope, item_id, listed_at
    from {{ lake('listed_rows') }}
    where contract = '{{ contract }}' and batch_id in ({{ counted_batches() }})

),

exports as (

    select source, scope, listed_at from listed group by source, scope, listed_at

),

last_listed as (

    select source, scope, item_id, max(listed_at) as listed_at
    from listed
    group by source, scope, item_id

),

missed as (

    select
        last_listed.source, last_listed.scope, last_listed.item_id,
        min(exports.listed_at) as missed_at
    from last_listed
    left join exports
        on exports.source = last_listed.source and exports.scope = last_listed.scope
        and exports.listed_at > last_listed.listed_at
    group by last_listed.source, last_listed.scope, last_listed.item_id

)

select source, item_id, max(missed_at) as vanished_at
from missed
group by source, item_id
having count(*) = count(missed_at)
{%- endmacro %}
