with

usage_reach as (

    select min(week_on) as first_week_on, max(week_on) as last_week_on, max(data_through_at) as through_at
    from {{ ref('dim_activity_date') }}

),

support_reach as (

    select max(sources_reach_at) as through_at from {{ ref('dim_support_date') }}

),

weeks as (

    select week_on from {{ ref('dim_support_date') }}
    union
    select {{ week_of('asked_on') }} from {{ ref('fct_ticket') }}
    where exclusion_reason is distinct from 'in the future'

),

cells as (

    select features.feature_id, weeks.week_on
    from (
        select feature_id from {{ ref('dim_feature') }}
        union all
        select 'all'
    ) as features
    cross join weeks

),

asked as (

    select 'all' as feature_id, source, ticket_id from {{ ref('fct_ticket') }}
    union all
    select feature_id, source, ticket_id from {{ ref('bridge_ticket_feature') }}

),

contacts as (

    select
        asked.feature_id, {{ week_of('tickets.asked_on') }} as week_on,
        sum(case when tickets.is_countable and tickets.is_end_user then 1 else 0 end) as ticket_count,
        sum(case when tickets.is_countable and tickets.is_end_user and tickets.is_matched then 1 else 0 end)
            as contact_count,
        count(distinct case
            when tickets.is_countable and tickets.is_end_user and tickets.is_matched then tickets.person_id
        end) as requester_count,
        count(distinct case
            when tickets.is_countable and tickets.is_end_user and not tickets.is_matched
                then coalesce(tickets.person_id, tickets.requester_key)
        end) as unmatched_count,
        sum(case when tickets.is_countable and tickets.is_end_user then 0 else 1 end) as excluded_count
    from asked
    inner join {{ ref('fct_ticket') }} as tickets
        on tickets.source = asked.source and tickets.ticket_id = asked.ticket_id
    group by asked.feature_id, {{ week_of('tickets.asked_on') }}

),

numbers as (

    select
        cells.feature_id, cells.week_on,
        cast(coalesce(contacts.ticket_count, 0) as bigint) as ticket_count,
        cast(coalesce(contacts.contact_count, 0) as bigint) as contact_num,
        coalesce(contacts.requester_count, 0) as requester_count,
        coalesce(contacts.unmatched_count, 0) as unmatched_requester_count,
        cast(coalesce(contacts.excluded_count, 0) as bigint) as excluded_ticket_count,
        -- Outside the weeks that usage is known of, nobody knows who was active.
        case when cells.week_on between usage_reach.first_week_on and usage_reach.last_week_on
            then coalesce(active.person_count, 0) end as active_person_count,
        case when cells.week_on between usage_reach.first_week_on and usage_reach.last_week_on
            then coalesce(active.account_count, 0) end as active_account_count,
        -- Of four weeks together only where usage and support are both known of all of them.
        case when row_number() over (partition by cells.feature_id order by cells.week_on) >= 4
            and cells.week_on between {{ add_days('usage_reach.first_week_on', 21) }} and usage_reach.last_week_on
            then true else false end as is_known28,
        coalesce(active.person28_count, 0) as person28_count, coalesce(active.account28_count, 0) as account28_count,
        cast(sum(coalesce(contacts.contact_count, 0)) over (
            partition by cells.feature_id order by cells.week_on rows between 3 preceding and current row
        ) as bigint) as contact28_count,
        {{ least_of('support_reach.through_at', 'usage_reach.through_at') }} as through_at,
        {{ day_over_at(add_days('cells.week_on', 6)) }} as over_at
    from cells
    cross join usage_reach
    cross join support_reach
    left join contacts on contacts.feature_id = cells.feature_id and contacts.week_on = cells.week_on
    left join {{ ref('fct_feature_reach') }} as active
        on active.feature_id = cells.feature_id and active.week_on = cells.week_on

)

select
    feature_id, week_on, ticket_count, requester_count, active_person_count, active_account_count,
    contact_num, active_person_count as contact_den, {{ rate('contact_num', 'active_person_count') }} as contact_rate,
    contact_num as account_contact_num, active_account_count as account_contact_den,
    {{ rate('contact_num', 'active_account_count') }} as account_contact_rate,
    {%- for name, den in [('contact28', 'person28_count'), ('account_contact28', 'account28_count')] %}
    case when is_known28 then contact28_count end as {{ name }}_num,
    case when is_known28 then {{ den }} end as {{ name }}_den,
    case when is_known28 then {{ rate('contact28_count', den) }} end as {{ name }}_rate,
    {%- endfor %}
    unmatched_requester_count, excluded_ticket_count,
    through_at >= over_at and active_person_count is not null as is_complete,
    {{ least_of('through_at', 'over_at') }} as data_through_at, 2 as definition_version
from numbers
