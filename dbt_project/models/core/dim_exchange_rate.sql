with

-- Of several registers that name a day the first by name counts.
ranked as (

    select
        currency, rated_on, rate, constant_on,
        row_number() over (partition by currency, rated_on order by source) as source_rank
    from {{ ref('stg_exchange_rates') }}
    where to_currency = '{{ setting("org_currency") }}' and currency <> to_currency and rate > 0

),

quoted as (

    select
        currency, rated_on, rate, constant_on,
        {{ add_days('rated_on', 31) }} as stale_on,
        lead(rated_on) over (partition by currency order by rated_on) as next_on
    from ranked
    where source_rank = 1

),

-- Gaps are told as such: a rate that is too old is none.
periods as (

    select currency, rated_on as valid_from_on, {{ least_of('stale_on', 'next_on') }} as valid_to_on, rate
    from quoted
    union all
    select currency, stale_on, next_on, null
    from quoted
    where next_on is null or stale_on < next_on
    union all
    select currency, cast('0001-01-01' as date), min(rated_on), null
    from quoted
    group by currency
    union all
    select '{{ setting("org_currency") }}', cast('0001-01-01' as date), null, 1.0

),

constants as (

    select periods.currency, periods.rate
    from periods
    inner join (select min(constant_on) as constant_on from quoted) as fixed
        on fixed.constant_on >= periods.valid_from_on
        and (periods.valid_to_on is null or fixed.constant_on < periods.valid_to_on)
    where periods.currency <> '{{ setting("org_currency") }}'
    union all
    select '{{ setting("org_currency") }}', 1.0

),

digits as (

    select
        currency,
        power(
            10.0,
            {{ currency_digits("'" ~ setting('org_currency') ~ "'") }} - {{ currency_digits('currency') }}
        ) as minor_factor
    from periods
    group by currency

)

select
    periods.currency, periods.valid_from_on, periods.valid_to_on,
    cast(periods.rate as double) as rate,
    cast(periods.rate * digits.minor_factor as double) as minor_rate,
    cast(constants.rate * digits.minor_factor as double) as constant_minor_rate
from periods
inner join digits on digits.currency = periods.currency
left join constants on constants.currency = periods.currency
