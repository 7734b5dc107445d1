-- Days on which a currency's rate differs from that of the last whole build. One row per currency and day; none in a full build.
select
    coalesce(rates.currency, before.currency) as currency,
    coalesce(rates.date_day, before.date_day) as date_day
from {{ ref('int_fx_rates') }} as rates
full join {{ source('built', 'fx_rates') }} as before
    on rates.currency = before.currency
    and rates.date_day = before.date_day
where rates.rate_to_reporting is distinct from before.rate_to_reporting
    and {{ 'true' if is_catching_up() else 'false' }}
