with

counts as (

    select
        mentions.theme_id, mentions.week_on,
        {%- for name, test in {'mention_count': '1 = 1', 'ticket_mention_count': "item_type = 'ticket'",
            'survey_mention_count': "item_type = 'survey_answer'", 'loss_mention_count': "item_type = 'loss_reason'",
            'unmatched_mention_count': 'not is_matched'}.items() %}
        sum(case when is_countable and {{ test }} then 1 else 0 end) as {{ name }},
        {%- endfor %}
        sum(case when is_countable then 0 else 1 end) as excluded_mention_count,
        sum(case when is_countable then coalesce(lost.amount_constant_minor, 0) else 0 end) as lost_minor
    from {{ ref('fct_mention') }} as mentions
    left join {{ ref('dim_opportunity') }} as lost
        on mentions.item_id = 'loss_reason:' || lost.source || ':' || lost.opportunity_id
    group by mentions.theme_id, mentions.week_on

),

examples as (

    select
        theme_id, week_on, item_id, evidence,
        row_number() over (
            partition by theme_id, week_on order by case when is_matched then 0 else 1 end, occurred_at, item_id
        ) as example_rank
    from {{ ref('fct_mention') }}
    where is_countable

),

-- Whoever asks several times, or through several subsidiaries, counts once.
demand as (

    select
        asking.theme_id, asking.week_on, count(*) as account_count,
        sum(worth.arr_minor) as arr_minor, max(worth.arr_minor) as top_minor,
        sum(cast(worth.arr_minor as double) * worth.arr_minor) as arr_squares,
        sum(worth.pipeline_minor) as pipeline_minor,
        sum(case when worth.is_unrated then 1 else 0 end) as unrated_count
    from (
        select distinct theme_id, week_on, ultimate_parent_id
        from {{ ref('fct_mention') }}
        where is_countable and is_matched
    ) as asking
    left join {{ ref('fct_parent_week') }} as worth
        on worth.ultimate_parent_id = asking.ultimate_parent_id and worth.week_on = asking.week_on
    group by asking.theme_id, asking.week_on

),

churn as (

    select theme_id, week_on, sum(arr_minor) as arr_minor, count(distinct ultimate_parent_id) as parent_count
    from {{ ref('fct_theme_churn') }}
    group by theme_id, week_on

)

select
    themes.theme_id, themes.theme_name, weeks.week_on,
    {%- for name in ['mention_count', 'ticket_mention_count', 'survey_mention_count', 'loss_mention_count'] %}
    cast(coalesce(counts.{{ name }}, 0) as bigint) as {{ name }},
    {%- endfor %}
    coalesce(demand.account_count, 0) as account_count,
    cast(coalesce(counts.unmatched_mention_count, 0) as bigint) as unmatched_mention_count,
    cast(coalesce(counts.excluded_mention_count, 0) as bigint) as excluded_mention_count,
    -- Nobody asked: nothing is at stake. Somebody asked, and nobody knows their value: no number.
    cast(case when demand.theme_id is null then 0 else demand.arr_minor end as bigint) as demand_arr_minor,
    cast(case when demand.theme_id is null then 0 else demand.pipeline_minor end as bigint) as open_pipeline_minor,
    cast(coalesce(counts.lost_minor, 0) as bigint) as lost_pipeline_minor,
    cast(case when churn.theme_id is null then 0 else churn.arr_minor end as bigint) as churned_arr_minor,
    coalesce(churn.parent_count, 0) as churned_account_count,
    '{{ setting("org_currency") }}' as currency,
    cast(coalesce(demand.unrated_count, 0) as bigint) as unrated_account_count,
    cast(demand.top_minor as bigint) as top1_num,
    cast(demand.arr_minor as bigint) as top1_den,
    {{ rate('demand.top_minor', 'demand.arr_minor') }} as top1_rate,
    demand.arr_squares as hhi_num,
    cast(demand.arr_minor as double) * demand.arr_minor as hhi_den,
    {{ rate('demand.arr_squares', 'cast(demand.arr_minor as double) * demand.arr_minor') }} as hhi_rate,
    examples.item_id as example_item_id, examples.evidence as example_evidence,
    weeks.is_complete, weeks.data_through_at,
    3 as definition_version
from {{ ref('dim_theme') }} as themes
cross join {{ ref('dim_voice_week') }} as weeks
left join counts on counts.theme_id = themes.theme_id and counts.week_on = weeks.week_on
left join demand on demand.theme_id = themes.theme_id and demand.week_on = weeks.week_on
left join examples
    on examples.theme_id = themes.theme_id and examples.week_on = weeks.week_on and examples.example_rank = 1
left join churn on churn.theme_id = themes.theme_id and churn.week_on = weeks.week_on
