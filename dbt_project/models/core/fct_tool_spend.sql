select
    spend.source, spend.spend_id, coalesce(names.tool_id, 'unknown') as tool_id, spend.vendor_name, spend.spent_on,
    cast(date_trunc('month', spend.spent_on) as date) as month_on,
    spend.amount_minor, spend.currency, spend.category, spend.payer, spend.state,
    coalesce(spend.state, 'cleared') = 'cleared' as is_countable
from {{ ref('stg_tool_spend') }} as spend
left join {{ ref('int_tools__name') }} as names on names.name_key = {{ name_key('spend.vendor_name') }}
