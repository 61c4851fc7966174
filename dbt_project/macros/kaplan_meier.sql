{#
    Median of durations of which some are still running (Kaplan-Meier), so that what has not
    happened yet does not make the rest look fast. Without running ones it is the plain median;
    NULL where less than half are known to be over.

    A complete select: `by`, median_value. `relation` has the columns of `by`, `duration` and
    `observed` (1 if the thing happened, 0 if all that is known is that it took longer).
#}
{% macro kaplan_meier_median(relation, by, duration, observed) -%}
    {%- set keys = by | join(', ') -%}
    select {{ keys }}, (half_at + coalesce(below_half_at, half_at)) / 2.0 as median_value
    from (
        select
            {{ keys }},
            min(case when waiting_share <= 0.5 + 1e-9 then moment end) as half_at,
            min(case when waiting_share < 0.5 - 1e-9 then moment end) as below_half_at
        from (
            select
                {{ keys }}, moment,
                exp(sum(
                    -- exp(-1000) is 0: whoever was left is through, and ln(0) does not exist.
                    case when happened >= at_risk then -1000.0 else ln(1.0 - happened * 1.0 / at_risk) end
                ) over (partition by {{ keys }} order by moment)) as waiting_share
            from (
                select
                    {{ keys }}, {{ duration }} as moment, sum({{ observed }}) as happened,
                    sum(count(*)) over (partition by {{ keys }} order by {{ duration }} desc) as at_risk
                from {{ relation }}
                where {{ duration }} is not null
                group by {{ keys }}, {{ duration }}
            ) as moments
        ) as curve
        group by {{ keys }}
    ) as halves
    where half_at is not null
{%- endmacro %}
