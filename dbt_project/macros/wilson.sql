{#
    Lower ('-') or upper ('+') end of the 95 % Wilson interval of a share; NULL without observations.
    None of n begins at exactly 0 and all of n ends at exactly 1, which rounding would miss.
#}
{% macro wilson_bound(num, den, sign) -%}
    case
        when {{ num }} = {{ '0' if sign == '-' else den }} and {{ den }} > 0 then cast({{ 0 if sign == '-' else 1 }} as double)
        when {{ den }} > 0 then (
            {{ num }} + 1.9207294 {{ sign }} 1.959964 * sqrt(
                {{ num }} * ({{ den }} - {{ num }}) * 1.0 / {{ den }} + 0.9603647
            )
        ) / ({{ den }} + 3.8414589)
    end
{%- endmacro %}
