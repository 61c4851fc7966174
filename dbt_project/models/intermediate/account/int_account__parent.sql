with recursive

records as (

    select source, account_ref, account_id, parent_ref from {{ ref('int_account__record') }}

),

ancestors as (

    select source, account_ref, account_ref as ancestor_ref, 0 as depth from records
    union all
    select ancestors.source, ancestors.account_ref, records.parent_ref, ancestors.depth + 1
    from ancestors
    inner join records
        on records.source = ancestors.source and records.account_ref = ancestors.ancestor_ref
    inner join records as parents
        on parents.source = records.source and parents.account_ref = records.parent_ref
    where ancestors.depth < 10

),

-- A ring of parents has no top: its members stand for themselves.
rings as (

    select source, account_ref
    from ancestors
    where depth > 0 and ancestor_ref = account_ref
    group by source, account_ref

),

tops as (

    select
        ancestors.source, ancestors.account_ref, ancestors.ancestor_ref,
        row_number() over (
            partition by ancestors.source, ancestors.account_ref order by ancestors.depth desc
        ) as height_rank
    from ancestors
    left join rings
        on rings.source = ancestors.source and rings.account_ref = ancestors.account_ref
    where rings.account_ref is null or ancestors.depth = 0

)

select records.account_id, min(top_records.account_id) as ultimate_parent_id
from tops
inner join records
    on records.source = tops.source and records.account_ref = tops.account_ref
inner join records as top_records
    on top_records.source = tops.source and top_records.account_ref = tops.ancestor_ref
where tops.height_rank = 1 and top_records.account_id <> records.account_id
group by records.account_id
