{# Days and clocks. All timestamps in the warehouse are UTC without a zone. #}

{# A complete select of all days from `first_day` to `last_day`, both in, column `day_on`. #}
{% macro date_spine(first_day, last_day) -%}
    {{ adapter.dispatch('date_spine', 'productops')(first_day, last_day) }}
{%- endmacro %}

{% macro default__date_spine(first_day, last_day) -%}
    select explode(sequence({{ first_day }}, {{ last_day }}, interval 1 day)) as day_on
{%- endmacro %}

{% macro duckdb__date_spine(first_day, last_day) -%}
    select cast(unnest(generate_series(
        cast({{ first_day }} as timestamp), cast({{ last_day }} as timestamp), interval 1 day
    )) as date) as day_on
{%- endmacro %}

{# `day` moved by a whole number of days; a date stays a date. #}
{% macro add_days(day, days) -%}
    {{ adapter.dispatch('add_days', 'productops')(day, days) }}
{%- endmacro %}

{% macro default__add_days(day, days) -%}
    date_add({{ day }}, {{ days }})
{%- endmacro %}

{% macro duckdb__add_days(day, days) -%}
    cast({{ day }} + to_days(cast({{ days }} as integer)) as date)
{%- endmacro %}

{# Whole days from one date to another. #}
{% macro days_between(first_day, last_day) -%}
    {{ adapter.dispatch('days_between', 'productops')(first_day, last_day) }}
{%- endmacro %}

{% macro default__days_between(first_day, last_day) -%}
    datediff({{ last_day }}, {{ first_day }})
{%- endmacro %}

{% macro duckdb__days_between(first_day, last_day) -%}
    date_diff('day', cast({{ first_day }} as date), cast({{ last_day }} as date))
{%- endmacro %}

{# Monday of the ISO week that holds the day. #}
{% macro week_of(day) -%}
    cast(date_trunc('week', {{ day }}) as date)
{%- endmacro %}

{# Seconds since 1970 of a UTC timestamp, as a double. #}
{% macro epoch_seconds(ts) -%}
    {{ adapter.dispatch('epoch_seconds', 'productops')(ts) }}
{%- endmacro %}

{% macro default__epoch_seconds(ts) -%}
    (unix_micros({{ ts }}) / 1000000.0)
{%- endmacro %}

{% macro duckdb__epoch_seconds(ts) -%}
    epoch({{ ts }})
{%- endmacro %}

{# Microseconds since 1970 of a UTC timestamp, as a whole number. #}
{% macro epoch_micros(ts) -%}
    {{ adapter.dispatch('epoch_micros', 'productops')(ts) }}
{%- endmacro %}

{% macro default__epoch_micros(ts) -%}
    unix_micros({{ ts }})
{%- endmacro %}

{% macro duckdb__epoch_micros(ts) -%}
    epoch_us({{ ts }})
{%- endmacro %}

{# The UTC timestamp so many microseconds after 1970. #}
{% macro from_epoch_micros(micros) -%}
    {{ adapter.dispatch('from_epoch_micros', 'productops')(micros) }}
{%- endmacro %}

{% macro default__from_epoch_micros(micros) -%}
    timestamp_micros({{ micros }})
{%- endmacro %}

{% macro duckdb__from_epoch_micros(micros) -%}
    make_timestamp({{ micros }})
{%- endmacro %}

{# Seconds from one timestamp to another, as a double. #}
{% macro seconds_between(first_ts, last_ts) -%}
    ({{ epoch_seconds(last_ts) }} - {{ epoch_seconds(first_ts) }})
{%- endmacro %}

{# The moment at which a calendar day is over in every time zone on Earth (UTC-12). #}
{% macro day_over_at(day) -%}
    (cast({{ day }} as timestamp) + interval '36' hour)
{%- endmacro %}

{# The build's own "now": frozen for demos and replays. #}
{% macro as_of_at() -%}
    cast('{{ setting("as_of_at") }}' as timestamp)
{%- endmacro %}

{# Whole ISO weeks from the week of one day to the week of another. #}
{% macro weeks_between(first_day, last_day) -%}
    cast({{ days_between(week_of(first_day), week_of(last_day)) }} / 7 as bigint)
{%- endmacro %}

{# Whole times 24 hours from one timestamp to a later one, to the microsecond. #}
{% macro whole_days_between(first_ts, last_ts) -%}
    {{ adapter.dispatch('whole_days_between', 'productops')(first_ts, last_ts) }}
{%- endmacro %}

{% macro default__whole_days_between(first_ts, last_ts) -%}
    ((unix_micros({{ last_ts }}) - unix_micros({{ first_ts }})) div 86400000000)
{%- endmacro %}

{% macro duckdb__whole_days_between(first_ts, last_ts) -%}
    ((epoch_us({{ last_ts }}) - epoch_us({{ first_ts }})) // 86400000000)
{%- endmacro %}
