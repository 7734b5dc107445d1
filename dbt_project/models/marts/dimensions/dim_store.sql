with

loaded as (

    select
        store_id,
        max(history_from) as history_from,
        max(data_through_at) as data_through_at,
        max(case when is_complete then date_day end) as complete_through,
        max(case when is_orders_loaded then 1 else 0 end) = 1 as has_orders,
        max(case when is_traffic_loaded then 1 else 0 end) = 1 as has_traffic,
        max(case when is_ads_loaded then 1 else 0 end) = 1 as has_ads
    from {{ ref('int_store_calendar') }}
    group by store_id

)

select
    stores.store_id,
    stores.store_name,
    stores.platform,
    stores.time_zone,
    stores.store_currency,
    loaded.history_from,
    coalesce(stores.orders_through_at, loaded.data_through_at) as data_through_at,
    loaded.complete_through,
    coalesce(loaded.has_orders, false) as has_orders,
    coalesce(loaded.has_traffic, false) as has_traffic,
    coalesce(loaded.has_ads, false) as has_ads
from {{ ref('int_stores') }} as stores
left join loaded on stores.store_id = loaded.store_id
