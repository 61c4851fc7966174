{#
    `column` never rises along `order_by` within `by`: later steps of a funnel, later intervals of
    "that day or later".
#}
{% test never_rises(model, column, by, order_by, where='1 = 1') %}
select *
from (
    select
        {{ by | join(', ') }}, {{ order_by }}, {{ column }},
        lag({{ column }}) over (partition by {{ by | join(', ') }} order by {{ order_by }}) as previous_value
    from {{ model }}
    where {{ where }}
) as steps
where {{ column }} > previous_value
{% endtest %}
