with

-- Days as text on both sides: a subject that is no day meets none.
days as (

    select day_on, cast(day_on as {{ dbt.type_string() }}) as subject_id, is_complete, data_through_at
    from {{ ref('dim_support_date') }}

)

select
    reports.source, reports.metric, days.day_on, reports.reported_value as vendor_value, reports.reported_at,
    days.is_complete, days.data_through_at
from {{ ref('stg_vendor_reports') }} as reports
inner join days on days.subject_id = reports.subject_id
where reports.report = 'support_day' and reports.reported_value is not null
    and reports.metric in (
        'created_tickets', 'solved_tickets', 'reopened_tickets', 'first_replies', 'first_reply_business_minutes',
        'good_ratings', 'bad_ratings'
    )
