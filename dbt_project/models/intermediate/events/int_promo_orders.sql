-- What became of the orders of an event: buyers won by it and whether they came back, and the money that went back within 7, 15
-- and 30 days of payment, counted in hours as in the other marts. One row per event and store (and ALL).
with

event_days as (

    select event_id, date_day
    from {{ ref('int_promo_days') }}
    where phase in ('burst', 'return')

),

buyers as (

    select
        event_days.event_id,
        orders.store_id,
        orders.platform,
        orders.buyer_key,
        min(orders.order_number) as lowest_order_number,
        min(case when orders.order_number = 1 then {{ days_between('orders.paid_date', 'least(ends.last_day, coalesce(own.last_day, orders.paid_date))') }} end) as days_seen,
        min(case when orders.order_number = 1 then {{ days_between('orders.paid_date', 'orders.next_paid_date') }} end) as days_to_next
    from {{ ref('int_buyer_orders') }} as orders
    inner join event_days on orders.paid_date = event_days.date_day
    inner join {{ ref('int_last_days') }} as ends on orders.store_id = ends.store_id and orders.paid_date <= ends.last_day
    left join {{ ref('int_last_days') }} as own on orders.order_store_id = own.store_id
    {{ joined_to_first_days('orders', 'order_store_id') }}
    where orders.store_id <> 'ALL' or {{ counts_in_all('orders.paid_date') }}
    group by event_days.event_id, orders.store_id, orders.platform, orders.buyer_key

),

buyer_counts as (

    select
        event_id,
        store_id,
        count(*) as buyers,
        sum(case when lowest_order_number = 1 then 1 else 0 end) as new_buyers
        {%- for window in [30, 90] %},
        sum(case when days_seen >= {{ window }} then 1 else 0 end) as new_buyers_mature_{{ window }}d,
        sum(case when days_seen >= {{ window }} and days_to_next <= {{ window }} then 1 else 0 end) as new_buyers_repurchased_{{ window }}d
        {%- endfor %}
    from buyers
    group by event_id, store_id

),

refunds as (

    select
        store_id, order_paid_date, order_paid_at, refunded_at,
        cast(refund_goods_cohort + refund_shipping_cohort + refund_tax_cohort as decimal(18, 2)) as refund_amount_cohort
    from {{ ref('int_refunds') }}
    where is_counted and is_linked

),

scoped as (

    select * from refunds
    union all
    select 'ALL', refunds.order_paid_date, refunds.order_paid_at, refunds.refunded_at, refunds.refund_amount_cohort
    from refunds
    {{ joined_to_first_days('refunds') }}
    where {{ counts_in_all('refunds.order_paid_date') }}

),

refund_sums as (

    select
        event_days.event_id,
        scoped.store_id,
        count(*) - count(scoped.refund_amount_cohort) as unrated
        {%- for window in [7, 15, 30] %},
        sum(case
            when scoped.refunded_at <= scoped.order_paid_at + interval {{ 24 * window }} hour then scoped.refund_amount_cohort
            else 0
        end) as refund_amount_{{ window }}d
        {%- endfor %}
    from scoped
    inner join event_days on scoped.order_paid_date = event_days.date_day
    group by event_days.event_id, scoped.store_id

)

-- An event whose orders are all of guests has refunds and no buyers.
select
    coalesce(buyer_counts.event_id, refund_sums.event_id) as event_id,
    coalesce(buyer_counts.store_id, refund_sums.store_id) as store_id,
    coalesce(buyer_counts.buyers, 0) as buyers,
    coalesce(buyer_counts.new_buyers, 0) as new_buyers,
    {%- for window in [30, 90] %}
    coalesce(buyer_counts.new_buyers_mature_{{ window }}d, 0) as new_buyers_mature_{{ window }}d,
    coalesce(buyer_counts.new_buyers_repurchased_{{ window }}d, 0) as new_buyers_repurchased_{{ window }}d,
    {%- endfor %}
    coalesce(refund_sums.unrated, 0) as unrated,
    coalesce(refund_sums.refund_amount_7d, 0) as refund_amount_7d,
    coalesce(refund_sums.refund_amount_15d, 0) as refund_amount_15d,
    coalesce(refund_sums.refund_amount_30d, 0) as refund_amount_30d
from buyer_counts
full join refund_sums
    on buyer_counts.event_id = refund_sums.event_id
    and buyer_counts.store_id = refund_sums.store_id
