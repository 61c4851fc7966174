with

groups as (

    -- Each type by itself is found several times as fast.
    select right_alias as group_id from {{ ref('int_identity__edge') }} where edge_type = 'user_group'
    union
    select right_alias from {{ ref('int_identity__edge') }} where edge_type = 'anonymous_group'
    union
    select external_id from {{ ref('int_account__record') }} where external_id is not null

),

-- A company that was merged away leaves its domain to the one it is now, unless another has it.
holders as (

    select
        domain, account_id,
        rank() over (partition by domain order by case when is_deleted then 1 else 0 end) as holder_rank
    from {{ ref('int_account__record') }}
    where domain is not null and (not is_deleted or lifecycle = 'merged')

),

domains as (

    select domain, min(account_id) as account_id
    from holders
    where holder_rank = 1
    group by domain
    having count(distinct account_id) = 1

)

select 'account_ref' as alias_type, source || ':' || account_ref as alias, account_id
from {{ ref('int_account__record') }}
union all
select 'group_id', group_id, group_id from groups
union all
select 'domain', domain, account_id from domains
