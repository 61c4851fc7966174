{%- set components = health_components() | map(attribute=0) | list -%}
{%- set ways = ['model', 'baseline'] -%}
{%- set built = previous('core', 'dim_health_version') -%}
with

-- Each quarter has a version of its own, from what was known when it began.
versions as (

    select
        cast(date_trunc('quarter', last_on) as date) as fitted_on,
        lead(cast(date_trunc('quarter', last_on) as date)) over (
            order by cast(date_trunc('quarter', last_on) as date)
        ) as until_on
    from (select last_on from {{ ref('fct_account_week') }}) as weeks
    group by cast(date_trunc('quarter', last_on) as date)

),

known as (

    select
        outcomes.account_id, outcomes.last_on, outcomes.lost_on, outcomes.outcome_on
        {%- for name in components %},
        max(case when parts.component = '{{ name }}' then parts.component_percentile end) as {{ name }}
        {%- endfor %}
    from {{ ref('fct_account_outcome') }} as outcomes
    inner join {{ ref('fct_account_week_component') }} as parts
        on parts.account_id = outcomes.account_id and parts.week_on = outcomes.week_on
    where outcomes.is_lost is not null
    group by outcomes.account_id, outcomes.last_on, outcomes.lost_on, outcomes.outcome_on

),

-- Outcomes of the two years before: what was long ago is no guide.
observed as (

    select versions.fitted_on, known.*
    from versions
    inner join known
        on known.outcome_on < versions.fitted_on
        and known.last_on >= {{ add_days('versions.fitted_on', -820) }}

),

rows_of_fits as (

    select fitted_on, {{ content_key(['account_id', 'last_on', 'lost_on'] + components) }} as row_key from observed

),

-- All that a fit is made of: the same again gives the same weights.
inputs as (

    select fitted_on, md5({{ path_text('row_key', 'row_key') }}) as inputs_key
    from rows_of_fits
    group by fitted_on

),

told as (
    {% if built %}
    select inputs.fitted_on, inputs.inputs_key, settled.told
    from inputs
    inner join {{ built }} as settled
        on settled.fitted_on = inputs.fitted_on and settled.inputs_key = inputs.inputs_key
    union all
    {%- endif %}
    select observed.fitted_on, inputs.inputs_key, {{ health_backtest(components) }} as told
    from observed
    inner join inputs on inputs.fitted_on = observed.fitted_on
    {%- if built %}
    left join {{ built }} as settled
        on settled.fitted_on = inputs.fitted_on and settled.inputs_key = inputs.inputs_key
    where settled.fitted_on is null
    {%- endif %}
    group by observed.fitted_on, inputs.inputs_key

)

select
    cast(versions.fitted_on as {{ dbt.type_string() }}) as score_version,
    versions.fitted_on, versions.until_on,
    coalesce({{ json_text('told.told', 'status') }}, 'no_outcomes') as status,
    {%- for name in ['fitted_rows', 'fitted_lost_accounts', 'held_out_rows', 'held_out_lost_rows', 'held_out_lost_accounts', 'losses', 'top_rows'] %}
    coalesce(cast({{ json_text('told.told', name) }} as bigint), 0) as {{ name }},
    {%- endfor %}
    cast({{ add_days("cast('1970-01-01' as date)", "cast(" ~ json_text('told.told', 'held_out_from_day') ~ " as bigint) - 6") }} as date) as held_out_from_on,
    {%- for way in ways %}{% for name in ['auc', 'auc_low', 'auc_high', 'brier', 'expected_lost', 'lead_days'] %}
    cast({{ json_text('told.told', way ~ '_' ~ name) }} as double) as {{ way }}_{{ name }},
    {%- endfor %}{% for name in ['top_lost', 'warned'] %}
    cast({{ json_text('told.told', way ~ '_' ~ name) }} as bigint) as {{ way }}_{{ name }},
    {%- endfor %}{% endfor %}
    {%- for name in ['gain', 'gain_low', 'gain_high'] %}
    cast({{ json_text('told.told', name) }} as double) as {{ name }},
    {%- endfor %}
    cast({{ json_text('told.told', 'weight_0') }} as double) as intercept
    {%- for name in components %},
    cast({{ json_text('told.told', 'weight_' ~ loop.index) }} as double) as {{ name }}_weight
    {%- endfor %},
    told.inputs_key, told.told
from versions
left join told on told.fitted_on = versions.fitted_on
