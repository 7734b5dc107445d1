-- Buyers of every span, counted anew: a buyer of two days is one buyer of the week. New: the first paid order of
-- their whole history lies in the span; returning: all others. One row per store (and ALL), grain, period and span.
{{ config(**rebuilt(["{{ in_affected_spans('held') }}"])) }}
with

purchases as (

    select
        store_id,
        platform,
        buyer_key,
        paid_date,
        buyer_order_number,
        previous_paid_date,
        outcome,
        goods_paid + shipping_charged + tax as paid_amount
    from {{ ref('int_orders') }} as orders
    where is_counted and buyer_key is not null
        {%- if only_changes() %}
        and {{ in_affected_days('orders.store_id', 'orders.paid_date') }}
        {%- endif %}

    union all

    -- An order before its store's history makes its buyer one of old, and no buyer of its day.
    select
        'ALL' as store_id,
        orders.platform,
        orders.buyer_key,
        orders.paid_date,
        orders.buyer_order_number_all as buyer_order_number,
        orders.previous_paid_date_all as previous_paid_date,
        orders.outcome,
        orders.goods_paid + orders.shipping_charged + orders.tax as paid_amount
    from {{ ref('int_orders') }} as orders
    {{ joined_to_first_days('orders') }}
    where orders.is_counted and orders.buyer_key is not null and {{ counts_in_all('orders.paid_date') }}
        {%- if only_changes() %}
        and {{ in_affected_days("'ALL'", 'orders.paid_date') }}
        {%- endif %}

),

-- Days first: most buyers buy once a day.
buyer_days as (

    select
        store_id,
        platform,
        buyer_key,
        paid_date,
        count(*) as orders,
        max(case when buyer_order_number = 1 then 1 else 0 end) as is_new,
        max(case when buyer_order_number = 1 and outcome <> 'fully_refunded' and outcome <> 'cancelled' then 1 else 0 end) as is_new_kept,
        min(coalesce(previous_paid_date, cast('1900-01-01' as date))) as previous_paid_date,
        sum(paid_amount) as paid_amount
    from purchases
    group by store_id, platform, buyer_key, paid_date

),

buyers as (

    select
        days.store_id,
        days.grain,
        days.period_start,
        days.span_days,
        buyer_days.platform,
        buyer_days.buyer_key,
        sum(buyer_days.orders) as orders,
        max(buyer_days.is_new) as is_new,
        max(buyer_days.is_new_kept) as is_new_kept,
        min(buyer_days.previous_paid_date) as previous_paid_date,
        sum(buyer_days.paid_amount) as paid_amount
    from buyer_days
    inner join {{ days_to_write() }} as days
        on buyer_days.store_id = days.store_id
        and buyer_days.paid_date = days.date_day
    group by
        days.store_id, days.grain, days.period_start, days.span_days, buyer_days.platform, buyer_days.buyer_key

)

select
    store_id,
    grain,
    period_start,
    span_days,
    count(*) as buyers,
    sum(is_new) as new_buyers,
    count(*) - sum(is_new) as returning_buyers,
    sum(is_new_kept) as new_buyers_kept,
    sum(case when orders >= 2 then 1 else 0 end) as repeat_in_period_buyers,
    sum(case
        when previous_paid_date >= {{ add_days('period_start', -365) }} and previous_paid_date < period_start then 1
        else 0
    end) as returning_buyers_365d,
    sum(case when is_new = 1 then paid_amount else 0 end) as new_buyer_amount
from buyers
group by store_id, grain, period_start, span_days
