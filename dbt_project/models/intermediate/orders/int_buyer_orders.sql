-- Every order that makes a buyer, in the buyer's own sequence: in each store, and in ALL over the stores of a platform, where
-- one buyer key is one person. Orders of guests are left out. A view, because int_orders has numbered them already. One row per store (and
-- ALL) and order.
{{ config(materialized='view') }}
{%- for store, scope in [('store_id', ''), ("'ALL'", '_all')] %}

select
    platform,
    store_id as order_store_id,
    order_id,
    buyer_key,
    coalesce(buyer_type, 'unknown') as buyer_type,
    region,
    paid_at,
    created_at,
    paid_date,
    units,
    cast(goods_paid as decimal(18, 2)) as goods_paid,
    cast(goods_paid + shipping_charged + tax as decimal(18, 2)) as paid_amount,
    cast(refund_goods_cohort + refund_shipping_cohort + refund_tax_cohort as decimal(18, 2)) as refund_amount_cohort,
    cast(goods_paid as decimal(18, 2)) - cast(refund_goods_cohort as decimal(18, 2)) as net_sales_cohort,
    outcome,
    {{ store }} as store_id,
    buyer_order_number{{ scope }} as order_number,
    previous_paid_date{{ scope }} as previous_paid_date,
    next_paid_date{{ scope }} as next_paid_date,
    first_paid_date{{ scope }} as first_paid_date,
    first_buyer_type{{ scope }} as first_buyer_type
from {{ ref('int_orders') }}
where is_counted and buyer_key is not null
{{ "union all" if not loop.last }}
{%- endfor %}
