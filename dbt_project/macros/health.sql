{# What a health score is made of, the usage trend first: name and name in words. #}
{% macro health_components() -%}
    {{ return([
        ('usage_trend', 'usage trend'), ('breadth', 'breadth of use'), ('seat_utilisation', 'seats in use'),
        ('idle_days', 'days without use'), ('contact', 'contact rate'), ('severe_open', 'severe open tickets'),
        ('sentiment', 'sentiment'),
    ]) }}
{%- endmacro %}

{# A component in words, with the figures of its week. #}
{% macro component_words(component, weeks) -%}
{%- set text = dbt.type_string() -%}
case {{ component }}{% for name, words in health_components() %} when '{{ name }}' then '{{ words }}'{% endfor %} end
|| ': ' || case {{ component }}
    when 'usage_trend' then cast({{ weeks }}.active_person_count as {{ text }}) || ' active people, '
        || cast(cast({{ weeks }}.baseline_person_count as decimal(18, 1)) as {{ text }}) || ' on average in the 8 weeks before'
    when 'breadth' then cast({{ weeks }}.feature_count as {{ text }}) || ' features in 4 weeks'
    when 'seat_utilisation' then cast({{ least_of(weeks ~ '.active28_person_count', weeks ~ '.paid_seat_count') }} as {{ text }})
        || ' of ' || cast({{ weeks }}.paid_seat_count as {{ text }})
    when 'idle_days' then cast({{ weeks }}.idle_day_count as {{ text }})
    when 'contact' then cast({{ weeks }}.ticket28_count as {{ text }}) || ' tickets, '
        || cast({{ weeks }}.active28_person_count as {{ text }}) || ' active people in 4 weeks'
    when 'severe_open' then cast({{ weeks }}.severe_open_count as {{ text }})
    else cast({{ weeks }}.sentiment_sum as {{ text }}) || ' of ' || cast({{ weeks }}.sentiment_count as {{ text }}) || ' answers in 26 weeks'
end
{%- endmacro %}
