-- Buyers with orders that no cohort has: of a day that is over for all stores, and not for the one they were placed in. is_first: their
-- first order of all is one, so that they are in no cohort themselves. None but in ALL. One row per buyer.
{{ config(materialized='view') }}
select orders.store_id, orders.platform, orders.buyer_key, min(orders.order_number) = 1 as is_first
from {{ ref('int_buyer_orders') }} as orders
inner join {{ ref('int_last_days') }} as ends on orders.store_id = ends.store_id and orders.paid_date <= ends.last_day
inner join {{ ref('int_last_days') }} as own on orders.order_store_id = own.store_id and orders.paid_date > own.last_day
group by orders.store_id, orders.platform, orders.buyer_key
