with

counted as (

    select
        subject_type, asset_name, check_name,
        count(*) as incident_count,
        sum(case when recovered_at is null then 1 else 0 end) as open_incident_count,
        count(verdict) as precision_den,
        sum(case when verdict = 'true_alarm' then 1 else 0 end) as precision_num,
        {{ percentile(seconds_between('began_at', 'opened_at'), 0.5) }} as detect_p50_seconds,
        {{ percentile(seconds_between('opened_at', 'recovered_at'), 0.5) }} as repair_p50_seconds,
        max(opened_at) as last_opened_at,
        max(last_happened_at) as data_through_at
    from {{ ref('fct_incident') }}
    group by subject_type, asset_name, check_name

)

select
    subject_type, asset_name, check_name,
    incident_count, cast(open_incident_count as bigint) as open_incident_count,
    cast(precision_num as bigint) as precision_num, precision_den,
    {{ rate('precision_num', 'precision_den') }} as precision_rate,
    cast(detect_p50_seconds as double) as detect_p50_seconds,
    cast(repair_p50_seconds as double) as repair_p50_seconds,
    last_opened_at,
    precision_den = incident_count and open_incident_count = 0 as is_complete,
    data_through_at,
    1 as definition_version
from counted
