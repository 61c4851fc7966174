{#
    Weeks follow each other without gaps within `by`: what is compared with "the row before" is
    else compared with some earlier week.
#}
{% test no_week_missing(model, week, by) %}
select *
from (
    select
        {{ by | join(', ') }}, {{ week }},
        lag({{ week }}) over (partition by {{ by | join(', ') }} order by {{ week }}) as previous_on
    from {{ model }}
) as weeks
where previous_on <> {{ add_days(week, -7) }}
{% endtest %}
