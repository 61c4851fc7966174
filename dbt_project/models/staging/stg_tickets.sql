with

vanished as (

    {{ vanished('tickets') | indent(4) }}

),

versions as (

    {{ current_version(
        contract='tickets',
        key=['source', 'ticket_id'],
        version='version_at', keep='latest',
        columns=[
            'ticket_id', 'version_at', 'subject', 'status', 'priority', 'channel',
            'queue_id', 'requester_ref', 'submitter_ref', 'assignee_ref',
            'account_ref', 'tags', 'satisfaction', 'merged_into_id',
            'schedule_ref', 'created_at', 'updated_at'
        ]
    ) | indent(4) }}

)

select
    versions.source, versions.ticket_id,
    coalesce(vanished.vanished_at, versions.version_at) as version_at,
    versions.subject,
    case when vanished.vanished_at is not null then 'deleted' else versions.status end as status,
    versions.priority, versions.channel, versions.queue_id, versions.requester_ref, versions.submitter_ref,
    versions.assignee_ref, versions.account_ref, versions.tags, versions.satisfaction,
    versions.merged_into_id, versions.schedule_ref, versions.created_at,
    coalesce(vanished.vanished_at, versions.updated_at) as updated_at,
    versions.batch_id, versions.loaded_at, versions.source_file, versions.source_line
from versions
left join vanished
    on vanished.source = versions.source and vanished.item_id = versions.ticket_id
    and vanished.vanished_at >= versions.version_at
