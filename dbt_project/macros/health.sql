{# What a health score is made of, the usage trend first: name and name in words. #}
{% macro health_components() -%}
    {{ return([
        ('usage_trend', 'usage trend'), ('breadth', 'breadth of use'), ('seat_utilisation', 'seats in use'),
        ('idle_days', 'days without use'), ('contact', 'contact rate'), ('severe_open', 'severe open tickets'),
        ('sentiment', 'sentiment'),
    ]) }}
{%- endmacro %}
