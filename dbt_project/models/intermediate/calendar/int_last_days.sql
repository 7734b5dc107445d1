-- The last closed day of each store with orders, and of ALL: buyers and refunds are followed up to it. One row per store.
select
    store_id,
    max(date_day) as last_day,
    max(data_through_at) as data_through_at
from {{ ref('int_store_calendar') }}
where is_complete and has_orders
group by store_id
