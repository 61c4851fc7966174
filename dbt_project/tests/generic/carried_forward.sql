{#
    What a period opens with is what the one before closed with, and nothing before the first.
    `pairs` maps opening to closing columns. NULL on either side counts as equal.
#}
{% test carried_forward(model, by, period, pairs) %}
select *
from (
    select
        {{ by }}, {{ period }}
        {%- for opening, closing in pairs.items() %},
        {{ opening }}, lag({{ closing }}, 1, 0) over (partition by {{ by }} order by {{ period }}) as {{ opening }}_due
        {%- endfor %}
    from {{ model }}
) as periods
where {% for opening in pairs %}{{ opening }} <> {{ opening }}_due{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}
