{# x_rate is x_num over x_den, and NULL exactly where there is nothing to divide by. #}
{% test rate_of_parts(model, names) %}
select *
from {{ model }}
where
    {% for name in names -%}
    ({{ name }}_den is null or {{ name }}_den = 0) <> ({{ name }}_rate is null)
    or abs({{ name }}_rate - {{ name }}_num * 1.0 / nullif({{ name }}_den, 0)) > 1e-9
    {{ 'or' if not loop.last }}
    {% endfor %}
{% endtest %}
