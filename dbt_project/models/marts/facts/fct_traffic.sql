select
    platform,
    account_id,
    store_id,
    grain,
    period_start,
    source_l1,
    source_l2,
    device,
    is_total,
    time_zone,
    visitors,
    new_visitors,
    sessions,
    page_views,
    bounces,
    seconds
from {{ ref('int_traffic') }}
