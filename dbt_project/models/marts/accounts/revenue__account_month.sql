{%- set amounts = ['opening_spot_minor', 'revalued_spot_minor', 'closing_spot_minor',
    'opening_constant_minor', 'closing_constant_minor'] %}
{%- set kinds = {
    'new': ['has_opening = 0 and had_revenue = 0', ''],
    'reactivation': ['has_opening = 0 and had_revenue = 1', ''],
    'expansion': ['has_opening = 1 and has_closing = 1 and moved > 0', ''],
    'contraction': ['has_opening = 1 and has_closing = 1 and moved < 0', '-'],
    'churn': ['has_opening = 1 and has_closing = 0', '-'],
} %}

with

reach as (

    select max(high_water_at) as high_water_at from {{ ref('dim_contract') }} where contract = 'accounts'

),

-- An amount of which a part is unknown is unknown.
families as (

    select
        ultimate_parent_id, month_on,
        sum(case when is_countable and closing_minor > 0 then 1 else 0 end) as account_count,
        sum(case when is_countable and is_assumed and closing_minor > 0 then 1 else 0 end) as assumed_count,
        sum(case when not is_countable and closing_minor > 0 then 1 else 0 end) as excluded_count,
        sum(case when is_countable and closing_minor is null then 1 else 0 end) as unknown_count,
        sum(case when is_countable and closing_minor is not null
            and (closing_spot_minor is null or closing_constant_minor is null) then 1 else 0 end) as unconverted_count,
        max(case when is_countable and opening_minor > 0 then 1 else 0 end) as has_opening,
        max(case when is_countable and closing_minor > 0 then 1 else 0 end) as has_closing,
        max(case when is_countable and (opening_minor is null or closing_minor is null) then 1 else 0 end) as is_unknown
        {%- for amount in amounts %},
        case when max(case when is_countable and {{ amount }} is null then 1 else 0 end) = 0
            then sum(case when is_countable then {{ amount }} else 0 end) end as {{ amount }}
        {%- endfor %}
    from {{ ref('fct_account_month') }}
    group by ultimate_parent_id, month_on

),

-- The row begins with the first revenue and goes on for good, also after the last.
history as (

    select
        *,
        coalesce(max(has_closing) over (
            partition by ultimate_parent_id order by month_on rows between unbounded preceding and 1 preceding
        ), 0) as had_revenue,
        max(account_count + excluded_count + unknown_count) over (
            partition by ultimate_parent_id order by month_on
        ) as revenue_so_far,
        closing_spot_minor - revalued_spot_minor as moved_spot,
        closing_constant_minor - opening_constant_minor as moved_constant,
        {{ add_days("cast(date_trunc('month', " ~ add_days('month_on', 31) ~ ") as date)", -1) }} as last_on
    from families

),

moved as (

    select
        *, coalesce(moved_constant, moved_spot) as moved
        {%- for money in ['spot', 'constant'] %}{% for kind, (test, sign) in kinds.items() %}{% set amount = 'moved_' ~ money %},
        case when is_unknown = 1 or {{ amount }} is null then null
            when {{ test | replace('moved', amount) }} then {{ sign }}{{ amount }} else 0 end as {{ kind }}_{{ money }}_minor
        {%- endfor %}{% endfor %}
    from history
    where revenue_so_far > 0

),

judged as (

    select
        *,
        case when is_unknown = 1 then null when has_opening = 0 and has_closing = 0 then 'none'
            {%- for kind, (test, sign) in kinds.items() %} when {{ test }} then '{{ kind }}'{% endfor %}
            when moved = 0 then 'none' end as movement,
        case when is_unknown = 1 then null else has_opening end as logo_den,
        case when has_opening = 1 and is_unknown = 0 then opening_constant_minor when is_unknown = 0 then 0 end as kept_den,
        case when has_opening = 1 then expansion_constant_minor else 0 end as grown_minor,
        case when has_opening = 1 then contraction_constant_minor + churn_constant_minor else 0 end as lost_minor
    from moved

)

select
    judged.ultimate_parent_id, accounts.name as account_name, judged.month_on, judged.movement,
    cast(judged.account_count as bigint) as account_count,
    '{{ setting("org_currency") }}' as currency,
    {%- for money in ['spot', 'constant'] %}
    {%- for name in ['opening'] + kinds | list + ['closing'] %}
    cast(judged.{{ name }}_{{ money }}_minor as bigint) as {{ name }}_{{ money }}_minor,
    {%- endfor %}
    {%- if money == 'spot' %}
    cast(judged.revalued_spot_minor - judged.opening_spot_minor as bigint) as fx_spot_minor,
    {%- endif %}
    {%- endfor %}
    cast(judged.kept_den - judged.lost_minor as bigint) as grr_num,
    cast(case when judged.lost_minor is not null then judged.kept_den end as bigint) as grr_den,
    {{ rate('judged.kept_den - judged.lost_minor', 'judged.kept_den') }} as grr_rate,
    cast(judged.kept_den - judged.lost_minor + judged.grown_minor as bigint) as nrr_num,
    cast(case when judged.lost_minor is not null then judged.kept_den end as bigint) as nrr_den,
    {{ rate('judged.kept_den - judged.lost_minor + judged.grown_minor', 'judged.kept_den') }} as nrr_rate,
    cast(judged.logo_den * (1 - judged.has_closing) as bigint) as logo_churn_num,
    cast(judged.logo_den as bigint) as logo_churn_den,
    {{ rate('judged.logo_den * (1 - judged.has_closing)', 'judged.logo_den') }} as logo_churn_rate,
    cast(judged.unknown_count as bigint) as unknown_account_count,
    cast(judged.unconverted_count as bigint) as unconverted_account_count,
    cast(judged.assumed_count as bigint) as assumed_account_count,
    cast(judged.excluded_count as bigint) as excluded_account_count,
    coalesce(reach.high_water_at >= {{ day_over_at('judged.last_on') }}, false) as is_complete,
    {{ least_of(day_over_at('judged.last_on'), 'reach.high_water_at') }} as data_through_at,
    1 as definition_version
from judged
cross join reach
left join {{ ref('dim_account') }} as accounts on accounts.account_id = judged.ultimate_parent_id
