{# Time zones. All timestamps in the warehouse are UTC without a zone. #}

{# Date in an IANA time zone of a UTC timestamp. #}
{% macro local_date(ts, tz) -%}
    cast({{ local_time(ts, tz) }} as date)
{%- endmacro %}

{# Wall-clock time in an IANA time zone of a UTC timestamp. #}
{% macro local_time(ts, tz) -%}
    {{ adapter.dispatch('local_time', 'productops')(ts, tz) }}
{%- endmacro %}

{% macro default__local_time(ts, tz) -%}
    from_utc_timestamp({{ ts }}, {{ tz }})
{%- endmacro %}

{% macro duckdb__local_time(ts, tz) -%}
    timezone({{ tz }}, timezone('UTC', {{ ts }}))
{%- endmacro %}

{# UTC timestamp of a wall-clock time in an IANA time zone (the other way round). #}
{% macro utc_time(wall, tz) -%}
    {{ adapter.dispatch('utc_time', 'productops')(wall, tz) }}
{%- endmacro %}

{% macro default__utc_time(wall, tz) -%}
    to_utc_timestamp({{ wall }}, {{ tz }})
{%- endmacro %}

{% macro duckdb__utc_time(wall, tz) -%}
    timezone('UTC', timezone({{ tz }}, {{ wall }}))
{%- endmacro %}

{# A select of the time zones that the engine knows, column `time_zone`: others make it stop. #}
{% macro known_time_zones() -%}
    {{ adapter.dispatch('known_time_zones', 'productops')() }}
{%- endmacro %}

{% macro default__known_time_zones() -%}
    select time_zone from {{ ref('known_time_zones') }}
{%- endmacro %}

{% macro duckdb__known_time_zones() -%}
    select name as time_zone from pg_timezone_names()
{%- endmacro %}
