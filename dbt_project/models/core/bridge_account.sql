select alias_type, alias, account_id
from {{ ref('int_account__alias') }}
