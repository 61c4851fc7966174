select
    versions.score_version, versions.fitted_on, versions.until_on, versions.status,
    versions.fitted_rows as fitted_week_count, versions.fitted_lost_accounts as fitted_lost_account_count,
    versions.held_out_from_on, versions.held_out_lost_accounts as held_out_lost_account_count,
    versions.held_out_lost_rows as lost_num, versions.held_out_rows as lost_den,
    {{ rate('versions.held_out_lost_rows', 'versions.held_out_rows') }} as lost_rate
    {%- for way in ['model', 'baseline'] %},
    versions.{{ way }}_auc, versions.{{ way }}_auc_low, versions.{{ way }}_auc_high, versions.{{ way }}_brier,
    versions.{{ way }}_expected_lost as {{ way }}_expected_lost_count,
    versions.{{ way }}_top_lost as {{ way }}_top_num,
    case when versions.{{ way }}_auc is not null then versions.top_rows end as {{ way }}_top_den,
    case when versions.{{ way }}_auc is not null then {{ rate('versions.' ~ way ~ '_top_lost', 'versions.top_rows') }} end as {{ way }}_top_rate,
    cast(versions.{{ way }}_top_lost as double) * versions.held_out_rows
        / nullif(versions.top_rows * versions.held_out_lost_rows, 0) as {{ way }}_lift,
    versions.{{ way }}_warned as {{ way }}_warned_num,
    case when versions.{{ way }}_auc is not null then versions.losses end as {{ way }}_warned_den,
    case when versions.{{ way }}_auc is not null then {{ rate('versions.' ~ way ~ '_warned', 'versions.losses') }} end as {{ way }}_warned_rate,
    versions.{{ way }}_lead_days
    {%- endfor %},
    versions.gain as auc_gain, versions.gain_low as auc_gain_low, versions.gain_high as auc_gain_high,
    versions.intercept
    {%- for name, words in health_components() %},
    versions.{{ name }}_weight
    {%- endfor %},
    coalesce(reach.high_water_at >= cast(versions.fitted_on as timestamp), false) as is_complete,
    {{ least_of('cast(versions.fitted_on as timestamp)', 'reach.high_water_at') }} as data_through_at,
    1 as definition_version
from {{ ref('dim_health_version') }} as versions
cross join (select max(high_water_at) as high_water_at from {{ ref('dim_contract') }} where contract = 'accounts') as reach
