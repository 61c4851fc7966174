{#
    Distinct people in rolling windows without counting anybody twice and without blowing up rows:
    an active day counts from that day until the window has passed or the person's next active
    day takes over. So each active day is one arrival and, per window, one departure, and the
    running sum of arrivals less departures is the number of distinct people in the window.

    A complete select: `by`, day_on, active1_count, active<w>_count for each window, and
    person_day28_count (the sum of 28 days' active people). `relation` has one row per `by`,
    person_id and activity_on; `spine` has the column day_on and no gaps.
#}
{% macro people_in_windows(relation, by, windows, spine) -%}
    select
        {{ by }},
        day_on,
        arrived as active1_count,
        {%- for window in windows %}
        sum(arrived - departed{{ window }}) over (partition by {{ by }} order by day_on) as active{{ window }}_count,
        {%- endfor %}
        sum(arrived) over (
            partition by {{ by }} order by day_on rows between 27 preceding and current row
        ) as person_day28_count
    from (
        select
            {{ by }}, day_on, sum(arrived) as arrived
            {%- for window in windows %}, sum(departed{{ window }}) as departed{{ window }}{% endfor %}
        from (
            -- People who arrive together and take over together are counted before they are told apart by window.
            select
                {{ by }},
                case kinds.days when 0 then activity_on else {{ least_of(add_days('activity_on', 'kinds.days'), 'next_on') }} end as day_on,
                case when kinds.days = 0 then person_count else 0 end as arrived
                {%- for window in windows %},
                case when kinds.days = {{ window }} then person_count else 0 end as departed{{ window }}
                {%- endfor %}
            from (
                select {{ by }}, activity_on, next_on, count(*) as person_count
                from (
                    select
                        {{ by }}, activity_on,
                        lead(activity_on) over (partition by {{ by }}, person_id order by activity_on) as next_on
                    from {{ relation }}
                ) as spans
                group by {{ by }}, activity_on, next_on
            ) as counted_spans
            cross join (
                select 0 as days
                {%- for window in windows %} union all select {{ window }}{% endfor %}
            ) as kinds
            union all
            select known.{{ by }}, spine.day_on, 0{% for window in windows %}, 0{% endfor %}
            from (select {{ by }} from {{ relation }} group by {{ by }}) as known
            cross join {{ spine }} as spine
        ) as changes
        group by {{ by }}, day_on
    ) as daily
{%- endmacro %}
