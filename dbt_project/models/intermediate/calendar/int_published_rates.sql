-- Published rates: those of dropped files, and the seed's where files say nothing. From the first to the last day that files tell of a
-- currency, the seed's rates are left out: otherwise one of its monthly averages would stand between two daily rates. One row per
-- currency and date.
with

fed as (

    select currency, min(rate_date) as first_date, max(rate_date) as last_date
    from {{ source('raw_daybook', 'dropped_rates') }}
    group by currency

)

select
    currency,
    rate_date,
    units_per_usd
from {{ source('raw_daybook', 'dropped_rates') }}

union all

select
    seed.currency,
    seed.rate_date,
    seed.units_per_usd
from {{ ref('fx_rates') }} as seed
left join fed on seed.currency = fed.currency
where fed.currency is null or seed.rate_date not between fed.first_date and fed.last_date
