select
    platform,
    account_id,
    cast(days_since as integer) as days_since,
    cast(matures_after_days as integer) as matures_after_days,
    curve_of,
    cast(matured_days as bigint) as matured_days,
    conversions_share,
    conversion_value_share
from {{ ref('int_ad_maturity') }}
