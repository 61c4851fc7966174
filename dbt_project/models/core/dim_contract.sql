with

-- Each source's own clock; what it loaded when says nothing about how far it reaches. People whom a
-- ticket alone names are dated 2000-01-01, which is no clock.
clocks as (

    select 'usage_events' as contract, max(received_at) as last_occurred_at from {{ ref('fct_event') }}
    {%- for contract, clock in [
        ('accounts', 'updated_at'), ('business_hours', 'updated_at'), ('deployments', 'occurred_at'),
        ('exposures', 'exposed_at'), ('feedback_notes', 'updated_at'),
        ('identities', "nullif(updated_at, cast('2000-01-01' as timestamp))"),
        ('incidents', 'updated_at'), ('listed_rows', 'listed_at'), ('opportunities', 'updated_at'), ('qa_checks', 'checked_at'),
        ('research_sessions', 'updated_at'), ('survey_responses', 'submitted_at'),
        ('survey_deliveries', 'updated_at'),
        ('ticket_events', 'occurred_at'), ('ticket_messages', 'created_at'), ('tickets', 'version_at'),
        ('tool_activity', 'occurred_at'), ('tool_seats', 'snapshot_on'), ('tool_spend', 'spent_on'),
        ('vendor_reports', 'reported_at'), ('work_item_events', 'occurred_at'), ('work_items', 'updated_at')
    ] %}
    union all
    select '{{ contract }}', max(cast({{ clock }} as timestamp)) from {{ ref('stg_' ~ contract) }}
    {%- endfor %}

),

deliveries as (

    select
        contract,
        sum(rows_loaded) as row_count,
        max(loaded_at) as last_loaded_at
    from {{ ref('stg_batches') }}
    where status = 'loaded' and not is_withdrawn
    group by contract

)

select
    contracts.contract,
    contracts.owner,
    contracts.grain,
    contracts.warn_hours,
    contracts.fail_hours,
    contracts.late_after_hours,
    cast(coalesce(deliveries.row_count, 0) as bigint) as row_count,
    clocks.last_occurred_at,
    -- No source can vouch for what has not happened yet.
    case when clocks.last_occurred_at > {{ as_of_at() }} then {{ as_of_at() }} else clocks.last_occurred_at end
        as high_water_at,
    deliveries.last_loaded_at
from {{ ref('stg_contracts') }} as contracts
left join clocks on clocks.contract = contracts.contract
left join deliveries on deliveries.contract = contracts.contract
