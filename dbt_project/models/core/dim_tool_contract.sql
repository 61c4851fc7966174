with

ranked as (

    select *, row_number() over (partition by contract_id order by source) as contract_rank
    from {{ ref('stg_tool_contracts') }}

),

terms as (

    select * from ranked where contract_rank = 1

),

-- A contract of the same tool that begins in the last 90 days of a term, or later, takes its place.
followed as (

    select terms.contract_id, min(newer.starts_on) as next_starts_on
    from terms
    inner join terms as newer
        on newer.tool_id = terms.tool_id and newer.starts_on > terms.starts_on
        and newer.starts_on >= {{ add_days('terms.renews_on', -90) }}
    group by terms.contract_id

)

select
    terms.contract_id, terms.tool_id, terms.starts_on, terms.renews_on,
    case when terms.notice_days >= 0 then {{ add_days('terms.renews_on', '-terms.notice_days') }} end as notice_by_on,
    coalesce(terms.is_auto_renew, false) as is_auto_renew,
    coalesce(terms.can_reduce_in_term, false) as can_reduce_in_term,
    terms.purchased_seat_count, terms.seat_month_minor,
    coalesce(terms.currency, '{{ setting("org_currency") }}') as currency,
    terms.owner,
    -- What renews by itself goes on until another contract takes its place.
    case
        when terms.is_auto_renew and followed.next_starts_on is null then null
        when terms.is_auto_renew then {{ greatest_of('terms.renews_on', 'followed.next_starts_on') }}
        else terms.renews_on
    end as ends_on
from terms
left join followed on followed.contract_id = terms.contract_id
