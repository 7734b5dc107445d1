-- Buyers of ALL with orders that no cohort has, because of different zones: the order's day is over for all stores together, and not yet
-- for the store it was placed in. is_first: the buyer's very first order is one of these, so that the buyer is in no cohort either. One
-- row per buyer.
{{ config(materialized='view') }}
select orders.store_id, orders.platform, orders.buyer_key, min(orders.order_number) = 1 as is_first
from {{ ref('int_buyer_orders') }} as orders
inner join {{ ref('int_last_days') }} as ends on orders.store_id = ends.store_id and orders.paid_date <= ends.last_day
inner join {{ ref('int_last_days') }} as own on orders.order_store_id = own.store_id and orders.paid_date > own.last_day
group by orders.store_id, orders.platform, orders.buyer_key
