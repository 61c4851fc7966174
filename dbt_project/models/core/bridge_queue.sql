select queue_id, queue_id as member_queue_id from {{ ref('fct_ticket') }} group by queue_id
union all
select 'all', queue_id from {{ ref('fct_ticket') }} group by queue_id
