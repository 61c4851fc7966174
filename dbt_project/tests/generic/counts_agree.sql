{#
    Rows of the model, counted by `by`, are as many as another model says in `column`; where it
    says nothing, there are none. Two tables that show one number must not drift apart.
#}
{% test counts_agree(model, by, condition, to, column) %}
select *
from (
    select {{ by | join(', ') }}, sum(counted) as counted, sum(stated) as stated
    from (
        select {{ by | join(', ') }}, 1 as counted, 0 as stated from {{ model }} where {{ condition }}
        union all
        select {{ by | join(', ') }}, 0, {{ column }} from {{ to }}
    ) as both_sides
    group by {{ by | join(', ') }}
) as sums
where counted <> stated
{% endtest %}
