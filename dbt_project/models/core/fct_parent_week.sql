with

asking as (

    select ultimate_parent_id, week_on, {{ add_days('week_on', 6) }} as last_on
    from {{ ref('fct_feedback_item') }}
    where is_matched and is_countable
    group by ultimate_parent_id, week_on

),

-- At constant rates: a wish must not grow because a currency does.
revenue as (

    select
        asking.ultimate_parent_id, asking.week_on,
        sum({{ converted(recurring_minor('versions'), 'rates.constant_minor_rate') }}) as arr_minor,
        max({{ recurring_minor('versions') }} > 0 and rates.constant_minor_rate is null) as is_unrated
    from asking
    inner join {{ ref('dim_account') }} as accounts
        on accounts.ultimate_parent_id = asking.ultimate_parent_id and not accounts.is_deleted
    inner join {{ ref('dim_account_version') }} as versions
        on versions.account_id = accounts.account_id
        and versions.valid_from_on <= asking.last_on
        and (versions.valid_to_on is null or versions.valid_to_on > asking.last_on)
    {{ join_rates('rates', 'versions.currency', 'asking.last_on') }}
    group by asking.ultimate_parent_id, asking.week_on

),

pipeline as (

    select
        asking.ultimate_parent_id, asking.week_on,
        sum(cast(round(deals.amount_minor * deals.probability * rates.constant_minor_rate) as bigint))
            as pipeline_minor
    from asking
    inner join {{ ref('dim_opportunity_version') }} as deals
        on deals.ultimate_parent_id = asking.ultimate_parent_id
        and deals.valid_from_at < cast({{ add_days('asking.last_on', 1) }} as timestamp)
        and (deals.valid_to_at is null or deals.valid_to_at >= cast({{ add_days('asking.last_on', 1) }} as timestamp))
    {{ join_rates('rates', 'deals.currency', 'asking.last_on') }}
    where deals.is_open
    group by asking.ultimate_parent_id, asking.week_on

),

known as (

    select count(*) > 0 as has_deals from {{ ref('dim_opportunity_version') }}

)

select
    asking.ultimate_parent_id, asking.week_on,
    cast(revenue.arr_minor as bigint) as arr_minor,
    cast(case when known.has_deals then coalesce(pipeline.pipeline_minor, 0) end as bigint) as pipeline_minor,
    coalesce(revenue.is_unrated, false) as is_unrated
from asking
cross join known
left join revenue
    on revenue.ultimate_parent_id = asking.ultimate_parent_id and revenue.week_on = asking.week_on
left join pipeline
    on pipeline.ultimate_parent_id = asking.ultimate_parent_id and pipeline.week_on = asking.week_on
