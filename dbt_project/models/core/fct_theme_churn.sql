with

-- Contracts that ended, with what they were worth on the day before. Free and trial ones were none.
losses as (

    select
        accounts.account_id, accounts.ultimate_parent_id, after_it.valid_from_on as left_on,
        {{ converted(recurring_minor('before_it'), 'rates.constant_minor_rate') }} as arr_minor
    from {{ ref('dim_account_version') }} as after_it
    inner join {{ ref('dim_account_version') }} as before_it
        on before_it.account_id = after_it.account_id and before_it.valid_to_on = after_it.valid_from_on
    inner join {{ ref('dim_account') }} as accounts on accounts.account_id = after_it.account_id
    {{ join_rates('rates', 'before_it.currency', 'after_it.valid_from_on') }}
    where
        after_it.plan = 'churned' and not accounts.is_deleted
        and lower(before_it.plan) not in {{ plans_without_revenue() }}
        and after_it.valid_from_on <= cast({{ as_of_at() }} as date)

)

select
    mentions.theme_id, losses.account_id, losses.ultimate_parent_id, losses.left_on,
    {{ week_of('losses.left_on') }} as week_on, losses.arr_minor,
    max(mentions.occurred_on) as last_asked_on
from losses
inner join {{ ref('fct_mention') }} as mentions
    on mentions.ultimate_parent_id = losses.ultimate_parent_id
    and mentions.is_countable and mentions.is_matched
    and mentions.occurred_on < losses.left_on
    and mentions.occurred_on >= {{ add_days('losses.left_on', -364) }}
group by mentions.theme_id, losses.account_id, losses.ultimate_parent_id, losses.left_on, losses.arr_minor
