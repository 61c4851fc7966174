-- Who spoke of a release's theme in the half-year before customers got it.
with

spoken as (

    select
        mentions.theme_id, sessions.occurred_on,
        coalesce(sessions.person_id, sessions.source || ':' || sessions.session_id) as participant
    from {{ ref('fct_research_session') }} as sessions
    inner join {{ ref('fct_feedback_item') }} as items
        on items.item_type = 'interview' and items.source = sessions.source and items.item_ref = sessions.session_id
    inner join {{ ref('fct_mention') }} as mentions
        on mentions.item_id = items.item_id and mentions.is_countable
    where sessions.is_countable and sessions.is_held and not sessions.is_record_only

)

select
    releases.source, releases.release_id, releases.theme_id, releases.released_on,
    cast(date_trunc('quarter', releases.released_on) as date) as quarter_on,
    count(distinct spoken.participant) as participant_count
from {{ ref('stg_releases') }} as releases
left join spoken
    on spoken.theme_id = releases.theme_id
    and spoken.occurred_on < releases.released_on
    and spoken.occurred_on >= {{ add_days('releases.released_on', -182) }}
where releases.theme_id is not null and releases.released_on <= cast({{ as_of_at() }} as date)
group by releases.source, releases.release_id, releases.theme_id, releases.released_on
