-- What a vendor exports as a note and as a meeting is one conversation: it has one moment.
select
    source, opportunity_id, occurred_at,
    {{ local_date('occurred_at', "'" ~ setting('org_time_zone') ~ "'") }} as occurred_on,
    count(*) as note_count
from {{ ref('stg_feedback_notes') }}
where opportunity_id is not null and occurred_at <= {{ as_of_at() }}
group by source, opportunity_id, occurred_at
