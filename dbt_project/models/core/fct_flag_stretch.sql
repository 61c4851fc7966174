with

seen as (

    select
        features.feature_id, exposures.person_id, exposures.exposed_at, exposures.source, exposures.exposure_id,
        {{ local_date(
            'exposures.exposed_at', "coalesce(accounts.time_zone, '" ~ setting('org_time_zone') ~ "')"
        ) }} as exposed_on,
        coalesce({{ json_array_has('features.flag_variations', 'exposures.variation_id') }}, true) as is_on
    from {{ ref('dim_feature') }} as features
    inner join {{ ref('fct_exposure') }} as exposures on exposures.experiment_id = features.flag_id
    left join {{ ref('dim_account') }} as accounts on accounts.account_id = exposures.account_id
    where exposures.person_id is not null

),

-- A flag that is switched off leaves its trace in the next exposure.
turns as (

    select
        feature_id, person_id, is_on, exposed_on as on_from,
        lead(exposed_on) over (
            partition by feature_id, person_id order by exposed_at, source, exposure_id
        ) as on_until
    from seen

)

select feature_id, person_id, on_from, on_until
from turns
where is_on
group by feature_id, person_id, on_from, on_until
