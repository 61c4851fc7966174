{{ config(
    materialized='incremental',
    incremental_strategy='replace_since',
    meta={'owner': 'product-analytics', 'ended': 'window_ends_at', 'slack_minutes': 0}
) }}
-- depends_on: {{ ref('int_usage__touched_person') }}, {{ ref('int_usage__left_start') }}
-- depends_on: {{ ref('dim_funnel_step') }}
with recursive
{% if is_incremental() %}
-- Entries whose window was over before anything was touched stay, and what follows from them.
kept as (

    select built.entry_mode, built.funnel_id, built.funnel_version, built.person_id, built.entry_place
    from {{ this }} as built
    inner join {{ ref('int_usage__touched_person') }} as touched on touched.person_id = built.person_id
    where
        built.step_number = 1 and built.window_ends_at < touched.since_on
        and (built.entry_mode = 'unique_first' or built.entered_at >= {{ funnel_days_from() }})

),
{% endif %}
attempts as (

    select
        ended.*,
        {{ 'ended.window_ends_at >= touched.since_on' if is_incremental() else 'true' }} as is_anew,
        {{ 'kept.entry_place is not null' if is_incremental() else 'false' }} as is_kept
    from {{ ref('fct_funnel_attempt_end') }} as ended
    {%- if is_incremental() %}
    inner join {{ ref('int_usage__touched_person') }} as touched on touched.person_id = ended.person_id
    left join kept
        on kept.entry_mode = 'reentry' and kept.funnel_id = ended.funnel_id
        and kept.funnel_version = ended.funnel_version and kept.person_id = ended.person_id
        and kept.entry_place = ended.entry_place
    {%- endif %}

),

-- An attempt that was kept tells when the next one may begin; where none is open, any may.
reentries as (

    select track_number, min(entry_place) as entry_place
    from attempts
    where is_anew or is_kept
    group by track_number
    union all
    select attempts.track_number, attempts.next_entry_place
    from reentries
    inner join attempts
        on attempts.track_number = reentries.track_number and attempts.entry_place = reentries.entry_place
    where attempts.next_entry_place is not null

),

firsts as (

    select funnel_id, funnel_version, person_id, min(entry_place) as entry_place
    from (
        select funnel_id, funnel_version, person_id, entry_place from attempts where is_anew
        {%- if is_incremental() %}
        union all
        select funnel_id, funnel_version, person_id, entry_place from kept where entry_mode = 'unique_first'
        {%- endif %}
    ) as candidates
    group by funnel_id, funnel_version, person_id

),

entries as (

    select 'unique_first' as entry_mode, attempts.*
    from attempts
    inner join firsts
        on firsts.funnel_id = attempts.funnel_id and firsts.funnel_version = attempts.funnel_version
        and firsts.person_id = attempts.person_id and firsts.entry_place = attempts.entry_place
    where attempts.is_anew
    union all
    select 'reentry', attempts.*
    from attempts
    inner join reentries
        on reentries.track_number = attempts.track_number and reentries.entry_place = attempts.entry_place
    where attempts.is_anew

)

select
    entries.entry_mode, entries.funnel_id, entries.funnel_version, entries.person_id, entries.entry_place,
    entries.entered_at, entries.entered_on, entries.window_ends_at, entries.reached_step_number, entries.end_reason,
    steps.step_number, steps.reached_at
from entries
inner join {{ ref('fct_funnel_attempt') }} as steps
    on steps.track_number = entries.track_number and steps.entry_place = entries.entry_place
order by entries.entered_at
