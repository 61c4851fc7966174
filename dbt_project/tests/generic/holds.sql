{# An expression is true on every row; NULL counts as true (there is nothing to compare). #}
{% test holds(model, expression) %}
select *
from {{ model }}
where not ({{ expression }})
{% endtest %}
