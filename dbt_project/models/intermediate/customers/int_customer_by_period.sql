-- Who bought in each week and month, and how many customers a store has at its end. Distinct buyers are counted in the span
-- itself. One row per store (and ALL), grain, period and span.
with

days as (

    select * from {{ ref('int_span_days') }} where grain in ('week', 'month')

),

buyers as (

    select
        days.store_id,
        days.grain,
        days.period_start,
        days.span_days,
        orders.platform,
        orders.buyer_key,
        count(*) as orders,
        min(orders.order_number) as lowest_order_number,
        min(orders.previous_paid_date) as previous_paid_date,
        sum(orders.paid_amount) as paid_amount,
        count(*) - count(orders.paid_amount) as unrated,
        sum(case when orders.order_number = 1 then orders.paid_amount else 0 end) as first_order_amount,
        sum(case when orders.order_number > 1 then {{ days_between('orders.previous_paid_date', 'orders.paid_date') }} else 0 end)
            as days_since_order,
        sum(case when orders.order_number > 1 then 1 else 0 end) as repeat_orders
    from {{ ref('int_buyer_orders') }} as orders
    inner join days
        on orders.store_id = days.store_id
        and orders.paid_date = days.date_day
    group by days.store_id, days.grain, days.period_start, days.span_days, orders.platform, orders.buyer_key

),

counted as (

    select
        store_id,
        grain,
        period_start,
        span_days,
        count(*) as buyers,
        sum(case when lowest_order_number = 1 then 1 else 0 end) as new_buyers,
        sum(case when lowest_order_number > 1 then 1 else 0 end) as returning_buyers,
        sum(case when orders >= 2 then 1 else 0 end) as repeat_in_period_buyers,
        sum(case when lowest_order_number > 1 and previous_paid_date < {{ add_days('period_start', -365) }} then 1 else 0 end)
            as reactivated_buyers,
        sum(orders) as orders_by_buyers,
        sum(repeat_orders) as repeat_orders,
        sum(days_since_order) as days_since_order,
        sum(paid_amount) as paid_amount_by_buyers,
        sum(first_order_amount) as first_order_amount,
        sum(case when lowest_order_number = 1 then paid_amount else 0 end) as new_buyer_amount,
        sum(case when lowest_order_number > 1 then paid_amount else 0 end) as returning_buyer_amount,
        sum(unrated) as unrated
    from buyers
    group by store_id, grain, period_start, span_days

),

ends as (

    select store_id, grain, period_start, span_days, max(date_day) as last_day
    from days
    group by store_id, grain, period_start, span_days

),

measures as (

    select
        spans.store_id,
        spans.grain,
        spans.period_start,
        spans.span_days,
        spans.period_end,
        spans.days_in_period,
        spans.days_elapsed,
        spans.is_complete,
        spans.data_through_at,
        spans.history_from,
        spans.is_orders_loaded,
        spans.own_span_days,
        spans.prev_period_start,
        spans.prev_span_days,
        spans.yoy_period_start,
        spans.yoy_span_days,
        ends.last_day,
        {%- for name in ['buyers', 'new_buyers', 'returning_buyers', 'repeat_in_period_buyers', 'reactivated_buyers',
            'orders_by_buyers', 'repeat_orders', 'days_since_order'] %}
        cast(case when spans.has_orders then coalesce(counted.{{ name }}, 0) end as bigint) as {{ name }},
        {%- endfor %}
        {%- for name in ['paid_amount_by_buyers', 'first_order_amount', 'new_buyer_amount', 'returning_buyer_amount'] %}
        {{ mart_money('coalesce(counted.' ~ name ~ ', 0)', 'spans.has_orders and coalesce(counted.unrated, 0) = 0') }} as {{ name }},
        {%- endfor %}
        {%- for name in ['customers_total', 'customers_30d', 'customers_90d', 'customers_365d', 'repeat_customers_30d',
            'repeat_customers_90d'] %}
        case when spans.has_orders then held.{{ name }} end as {{ name }},
        {%- endfor %}
        case when spans.has_orders then held.customers_total - held.customers_365d end as lapsed_customers
    from {{ ref('int_spans') }} as spans
    inner join ends
        on spans.store_id = ends.store_id and spans.grain = ends.grain
        and spans.period_start = ends.period_start and spans.span_days = ends.span_days
    left join counted
        on spans.store_id = counted.store_id and spans.grain = counted.grain
        and spans.period_start = counted.period_start and spans.span_days = counted.span_days
    left join {{ ref('int_customer_days') }} as held
        on ends.store_id = held.store_id and ends.last_day = held.date_day

)

select
    measures.*,
    {{ ratio('new_buyers', 'buyers') }} as new_buyer_share,
    {{ ratio('repeat_in_period_buyers', 'buyers') }} as repeat_rate_in_period,
    {{ ratio('orders_by_buyers', 'buyers') }} as orders_per_buyer,
    {{ ratio('paid_amount_by_buyers', 'buyers') }} as paid_per_buyer,
    {{ ratio('days_since_order', 'repeat_orders') }} as avg_days_between_orders,
    {{ ratio('repeat_customers_30d', 'customers_30d') }} as repurchase_rate_jd_30d,
    {{ ratio('repeat_customers_90d', 'customers_90d') }} as repurchase_rate_jd_90d
from measures
