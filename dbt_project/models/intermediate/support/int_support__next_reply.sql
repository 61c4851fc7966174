{{ config(materialized='view') }}
with

-- Words of who asks and of who answers, each with the number of answers before it.
talk as (

    select
        source, ticket_id, message_number, counted_at, is_reply, is_question,
        sum(case when is_reply then 1 else 0 end) over (
            partition by source, ticket_id order by message_number
        ) as reply_number
    from {{ ref('int_support__message') }}
    where is_reply or is_question

),

asked as (

    select source, ticket_id, reply_number, min(counted_at) as starts_at
    from talk
    where is_question and reply_number > 0
    group by source, ticket_id, reply_number

)

select
    asked.source, asked.ticket_id, cast(asked.reply_number as bigint) as span_number, asked.starts_at,
    {{ greatest_of('answers.counted_at', 'asked.starts_at') }} as replied_at,
    answers.counted_at is not null as is_replied
from asked
left join talk as answers
    on answers.source = asked.source and answers.ticket_id = asked.ticket_id
    and answers.reply_number = asked.reply_number + 1 and answers.is_reply
