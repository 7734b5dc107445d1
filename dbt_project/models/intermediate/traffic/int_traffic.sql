-- Traffic of all platforms as they report it: day, week and month figures side by side, because a platform's own
-- weekly visitors cannot be made from its daily ones. One row per account, grain, period, source and device.
with

traffic as (

    {{ union_staging('traffic') }}

)

select
    platform,
    account_id,
    store_id,
    grain,
    period_start,
    case when is_total then 'ALL' else coalesce(source_l1, 'unknown') end as source_l1,
    case when is_total then 'ALL' else coalesce(source_l2, 'unknown') end as source_l2,
    coalesce(device, 'all') as device,
    is_total,
    max(time_zone) as time_zone,
    cast(sum(visitors) as bigint) as visitors,
    cast(sum(new_visitors) as bigint) as new_visitors,
    cast(sum(sessions) as bigint) as sessions,
    cast(sum(page_views) as bigint) as page_views,
    cast(sum(bounces) as bigint) as bounces,
    cast(sum(seconds) as bigint) as seconds
from traffic
where {{ is_visit_counted('traffic') }}
group by
    platform, account_id, store_id, grain, period_start, is_total,
    case when is_total then 'ALL' else coalesce(source_l1, 'unknown') end,
    case when is_total then 'ALL' else coalesce(source_l2, 'unknown') end,
    coalesce(device, 'all')
