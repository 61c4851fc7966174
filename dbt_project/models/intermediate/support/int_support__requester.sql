with

people as (

    select alias, person_id, person_type, account_id, reporting_time_zone, tz_basis
    from {{ ref('int_identity__resolution') }}
    where alias_type = 'vendor_ref'

),

accounts as (

    select alias, account_id from {{ ref('int_account__alias') }} where alias_type = 'account_ref'

),

asked as (

    select
        tickets.source, tickets.ticket_id, tickets.merged_into_id, tickets.created_at,
        people.person_id,
        tickets.source || ':' || coalesce(tickets.requester_ref, 'ticket ' || tickets.ticket_id) as requester_key,
        coalesce(people.person_type = 'user', false) as is_matched,
        coalesce(accounts.account_id, people.account_id, 'unknown') as account_id,
        coalesce(people.reporting_time_zone, '{{ setting("org_time_zone") }}') as reporting_time_zone,
        coalesce(people.tz_basis, 'org') as tz_basis,
        {{ local_date('tickets.created_at', "'" ~ setting('org_time_zone') ~ "'") }} as created_on,
        {{ local_date('tickets.created_at', "coalesce(people.reporting_time_zone, '" ~ setting('org_time_zone') ~ "')") }}
            as asked_on,
        requester.agent_ref is null as is_end_user,
        coalesce(submitter.agent_ref is not null and tickets.submitter_ref <> tickets.requester_ref, false)
            as is_agent_created,
        coalesce(tickets.requester_ref = '-1', false) or coalesce(tickets.submitter_ref = '-1', false)
            as is_system_created
    from {{ ref('stg_tickets') }} as tickets
    left join people on people.alias = tickets.source || ':' || tickets.requester_ref
    left join accounts on accounts.alias = tickets.source || ':' || tickets.account_ref
    left join {{ ref('int_support__agent') }} as requester
        on requester.source = tickets.source and requester.agent_ref = tickets.requester_ref
    left join {{ ref('int_support__agent') }} as submitter
        on submitter.source = tickets.source and submitter.agent_ref = tickets.submitter_ref

),

barred as (

    select asked.source, asked.ticket_id, min(rules.reason) as reason
    from asked
    inner join {{ ref('int_identity__exclusion') }} as rules
        on rules.subject_id = case rules.subject_type when 'person' then asked.person_id else asked.account_id end
        and (rules.valid_from_on is null or asked.asked_on >= rules.valid_from_on)
        and (rules.valid_to_on is null or asked.asked_on < rules.valid_to_on)
    group by asked.source, asked.ticket_id

),

judged as (

    select
        asked.*,
        case
            when asked.merged_into_id is not null then 'merged'
            when ends.status = 'deleted' then 'deleted'
            when asked.created_at > {{ as_of_at() }} then 'in the future'
            when asked.is_system_created then 'system_generated'
            else barred.reason
        end as exclusion_reason
    from asked
    left join {{ ref('int_support__resolution') }} as ends
        on ends.source = asked.source and ends.ticket_id = asked.ticket_id
    left join barred on barred.source = asked.source and barred.ticket_id = asked.ticket_id

)

select
    source, ticket_id, person_id, requester_key, is_matched, account_id, created_on, asked_on, reporting_time_zone, tz_basis,
    is_end_user, is_agent_created,
    exclusion_reason is null as is_countable,
    exclusion_reason
from judged
