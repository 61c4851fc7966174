-- depends_on: {{ ref('fct_rewritten_date') }}
select
    account_id, plan, lifecycle, arr_minor, currency, paid_seat_count, valid_from_on, valid_to_on
from {{ ref('int_account__version') }}
