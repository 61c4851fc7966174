{{ config(materialized='view') }}

-- Its readers each want a few experiments of it: less work than to keep all exposures twice.
{% set zone = setting('org_time_zone') -%}
with

logged as (

    select
        source, event_id as exposure_id, experiment_id, variation_id, alias_type, alias, group_id,
        occurred_at as exposed_at, exclusion_reason
    from {{ ref('fct_exposure_event') }}
    union all
    select
        source, exposure_id, experiment_id, variation_id,
        case when user_id is not null then 'user_id' when anonymous_id is not null then 'anonymous_id' end,
        coalesce(user_id, anonymous_id), group_id, exposed_at, null
    from {{ ref('stg_exposures') }}

),

experiments as (

    select experiment_id, unit, row_number() over (partition by experiment_id order by source) as experiment_rank
    from {{ ref('stg_experiments') }}

),

banned_accounts as (

    select subject_id as account_id, {{ distinct_texts('reason') }} as reasons
    from {{ ref('dim_exclusion') }}
    where subject_type = 'account'
    group by subject_id

),

resolved as (

    select
        logged.source, logged.exposure_id, logged.experiment_id, logged.variation_id, logged.exposed_at,
        coalesce(experiments.unit, 'person') as unit_type,
        people.person_id,
        -- Whom no event and no record knows was shown it all the same, and did nothing: that counts.
        coalesce(
            people.person_id, handovers.user_id,
            case logged.alias_type when 'user_id' then logged.alias when 'anonymous_id' then 'anon:' || logged.alias end
        ) as shown_to_id,
        coalesce(logged.group_id, people.account_id, 'unknown') as account_id,
        people.reporting_time_zone,
        coalesce(people.is_countable, true) and logged.exclusion_reason is null as is_countable,
        coalesce(logged.exclusion_reason, people.exclusion_reasons) as exclusion_reason
    from logged
    left join experiments
        on experiments.experiment_id = logged.experiment_id and experiments.experiment_rank = 1
    left join {{ ref('bridge_handover') }} as handovers
        on logged.alias_type = 'anonymous_id' and handovers.anonymous_id = logged.alias
        and logged.exposed_at > handovers.after_at and logged.exposed_at <= handovers.until_at
    left join {{ ref('bridge_identity') }} as people
        on people.alias_type = case when handovers.user_id is null then logged.alias_type else 'user_id' end
        and people.alias = coalesce(handovers.user_id, logged.alias)

)

select
    resolved.source, resolved.exposure_id, resolved.experiment_id, resolved.variation_id, resolved.exposed_at,
    resolved.unit_type, resolved.person_id, resolved.account_id,
    coalesce(case when resolved.unit_type = 'account' then resolved.account_id else resolved.shown_to_id end, 'unknown') as unit_id,
    -- What an account does is told by days of its people, which are those of its zone.
    {{ local_date(
        'resolved.exposed_at',
        "coalesce(case when resolved.unit_type = 'account' then accounts.time_zone else resolved.reporting_time_zone end, '" ~ zone ~ "')"
    ) }} as exposed_on,
    resolved.is_countable and (resolved.unit_type = 'person' or banned_accounts.account_id is null) as is_countable,
    coalesce(resolved.exclusion_reason, case when resolved.unit_type = 'account' then banned_accounts.reasons end)
        as exclusion_reason
from resolved
left join {{ ref('dim_account') }} as accounts on accounts.account_id = resolved.account_id
left join banned_accounts on banned_accounts.account_id = resolved.account_id
