with

uses as (

    select feature_id, person_id, account_id, {{ week_of('activity_on') }} as week_on
    from {{ ref('fct_person_feature_day') }}
    where is_countable
    group by feature_id, person_id, account_id, {{ week_of('activity_on') }}

),

-- A week's use also stands in the four weeks that end with each of the next three.
reached as (
    {% for ahead in [0, 1, 2, 3] %}
    select feature_id, person_id, account_id, {{ add_days('week_on', 7 * ahead) }} as week_on, {{ ahead }} as weeks_ago
    from uses
    {%- if not loop.last %}
    union all{% endif %}
    {%- endfor %}

),

features as (

    select feature_id, person_id, account_id, week_on, weeks_ago from reached where feature_id <> 'none'
    union all
    select 'all', person_id, account_id, week_on, weeks_ago from reached

)

select
    feature_id, week_on,
    count(distinct case when weeks_ago = 0 then person_id end) as person_count,
    -- Whoever belongs to nobody known makes no customer.
    count(distinct case when weeks_ago = 0 and account_id <> 'unknown' then account_id end) as account_count,
    count(distinct person_id) as person28_count,
    count(distinct case when account_id <> 'unknown' then account_id end) as account28_count
from features
group by feature_id, week_on
