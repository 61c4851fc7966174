{# Lower ('-') or upper ('+') end of the 95 % Wilson interval of a share; NULL without observations. #}
{% macro wilson_bound(num, den, sign) -%}
    case when {{ den }} > 0 then (
        {{ num }} + 1.9207294 {{ sign }} 1.959964 * sqrt(
            {{ num }} * ({{ den }} - {{ num }}) * 1.0 / {{ den }} + 0.9603647
        )
    ) / ({{ den }} + 3.8414589) end
{%- endmacro %}
