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

{# Plans, in small letters, under which nothing recurs. #}
{% macro plans_without_revenue() -%}
    ('free', 'trial', 'pilot', 'services', 'churned')
{%- endmacro %}

{#
    What a version of an account (dim_account_version) brings in a year, in its own currency. Only
    what recurs under a contract is revenue: no trials, pilots or services, and no hopes of sales.
#}
{% macro recurring_minor(version) -%}
    case
        when lower({{ version }}.plan) in {{ plans_without_revenue() }}
            or {{ version }}.lifecycle in ('lead', 'opportunity', 'churned')
            then 0
        else {{ version }}.arr_minor
    end
{%- endmacro %}

{# Joins the rates of dim_exchange_rate that hold on a day, as `alias`. #}
{% macro join_rates(alias, currency, day) -%}
    left join {{ ref('dim_exchange_rate') }} as {{ alias }}
        on {{ alias }}.currency = coalesce({{ currency }}, '{{ setting("org_currency") }}')
        and {{ alias }}.valid_from_on <= {{ day }}
        and ({{ alias }}.valid_to_on is null or {{ alias }}.valid_to_on > {{ day }})
{%- endmacro %}
