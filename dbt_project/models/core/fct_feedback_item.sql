with

-- A source that delivers no accounts of its own (notes that people write) names them as the product does.
account_sources as (

    select split_part(alias, ':', 1) as source
    from {{ ref('bridge_account') }}
    where alias_type = 'account_ref'
    group by split_part(alias, ':', 1)

),

resolved as (

    select
        items.item_id, items.item_type, items.source, items.item_ref, items.occurred_at, items.stated_on,
        coalesce(by_vendor.person_id, by_user.person_id, by_mail.person_id) as person_id,
        coalesce(
            accounts.account_id, own.account_id, by_vendor.account_id, by_user.account_id, by_mail.account_id, 'unknown'
        ) as account_id,
        items.item_text, items.void_reason
    from {{ ref('int_voice__item') }} as items
    left join {{ ref('bridge_identity') }} as by_vendor
        on by_vendor.alias_type = 'vendor_ref' and by_vendor.alias = items.source || ':' || items.person_ref
    left join {{ ref('bridge_identity') }} as by_user
        on by_user.alias_type = 'user_id' and by_user.alias = items.user_id
    left join {{ ref('bridge_identity') }} as by_mail
        on by_mail.alias_type = 'email_key' and by_mail.alias = items.email_key
    left join {{ ref('bridge_account') }} as accounts
        on accounts.alias_type = 'account_ref' and accounts.alias = items.source || ':' || items.account_ref
    left join account_sources on account_sources.source = items.source
    left join {{ ref('bridge_account') }} as own
        on own.alias_type = 'group_id' and own.alias = items.account_ref and account_sources.source is null

),

dated as (

    select
        resolved.*,
        accounts.ultimate_parent_id,
        coalesce(
            resolved.stated_on,
            {{ local_date('resolved.occurred_at', "coalesce(accounts.time_zone, '" ~ setting('org_time_zone') ~ "')") }}
        ) as occurred_on
    from resolved
    left join {{ ref('dim_account') }} as accounts on accounts.account_id = resolved.account_id

),

excluded as (

    select dated.item_id, min(rules.reason) as reason
    from dated
    inner join {{ ref('int_identity__exclusion') }} as rules
        on rules.subject_id = case rules.subject_type when 'person' then dated.person_id else dated.account_id end
        and (rules.valid_from_on is null or dated.occurred_on >= rules.valid_from_on)
        and (rules.valid_to_on is null or dated.occurred_on < rules.valid_to_on)
    group by dated.item_id

),

judged as (

    select
        dated.*,
        coalesce(
            dated.void_reason,
            case when dated.occurred_at > {{ as_of_at() }} then 'in the future' end,
            excluded.reason
        ) as exclusion_reason
    from dated
    left join excluded on excluded.item_id = dated.item_id

)

select
    item_id, item_type, source, item_ref, person_id, account_id,
    coalesce(ultimate_parent_id, account_id) as ultimate_parent_id,
    occurred_at, occurred_on, {{ week_of('occurred_on') }} as week_on,
    item_text,
    account_id <> 'unknown' as is_matched,
    exclusion_reason is null as is_countable,
    exclusion_reason
from judged
