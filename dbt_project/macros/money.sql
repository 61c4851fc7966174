{# Money: whole minor units beside a currency, and what they are in another currency. #}

{# Digits after the point of a currency (ISO 4217); amounts of the lake are in such units. #}
{% macro currency_digits(currency) -%}
    case
        when {{ currency }} in ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF')
            then 0
        when {{ currency }} in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 3
        else 2
    end
{%- endmacro %}

{#
    An amount in minor units of the company's currency, at a `minor_rate` of dim_exchange_rate.
    Nothing is nothing in every currency; without a rate an amount is unknown, never the same number.
#}
{% macro converted(minor, minor_rate) -%}
    case when {{ minor }} = 0 then 0 else cast(round({{ minor }} * {{ minor_rate }}) as bigint) end
{%- endmacro %}

{#
    Annual recurring revenue of a row of dim_account_version, in its own currency: what recurs
    under a contract. Trials, pilots and services are none, nor is what sales hopes for.
#}
{% macro recurring_minor(versions) -%}
    case
        when lower({{ versions }}.plan) in ('free', 'trial', 'pilot', 'services')
            or {{ versions }}.lifecycle in ('lead', 'opportunity', 'churned')
            then 0
        else {{ versions }}.arr_minor
    end
{%- endmacro %}
