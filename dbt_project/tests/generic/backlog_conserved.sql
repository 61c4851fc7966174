{#
    Each day's backlog is that of the day before, more what came, less what left. It is counted
    from tickets and their changes separately, so a ticket lost by either shows.
#}
{% test backlog_conserved(model) %}
select *
from (
    select
        queue_id, day_on, backlog_count,
        coalesce(lag(backlog_count) over (partition by queue_id order by day_on), 0)
        + created_count - solved_count + coalesce(reopened_count, 0)
        - coalesce(deleted_count, 0) + coalesce(restored_count, 0) as expected_count
    from {{ model }}
) as days
where backlog_count <> expected_count
{% endtest %}
