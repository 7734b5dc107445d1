-- Who bought in each week and month, and how many customers a store has at its end. Distinct buyers are counted in the span
-- itself. One row per store (and ALL), grain, period and span.
with

days as (

    select * from {{ ref('int_span_days') }} where grain in ('week', 'month')

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
        case when spans.has_orders then held.customers_total - held.customers_365d end as lapsed_customers,
        spans.is_traffic_loaded,
        store.visitors,
        store.new_visitors,
        store.visitors - store.new_visitors as returning_visitors,
        store.visitor_days
    from {{ ref('int_spans') }} as spans
    inner join ends
        on spans.store_id = ends.store_id and spans.grain = ends.grain
        and spans.period_start = ends.period_start and spans.span_days = ends.span_days
    inner join {{ ref('int_store_by_period') }} as store
        on spans.store_id = store.store_id and spans.grain = store.grain
        and spans.period_start = store.period_start and spans.span_days = store.span_days
    left join {{ ref('int_buyers_by_period') }} as counted
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
    {{ ratio('repeat_customers_90d', 'customers_90d') }} as repurchase_rate_jd_90d,
    {{ ratio('returning_visitors', 'visitors') }} as returning_visitor_share,
    -- Null until the period is over, because its number of visitors grows with every day.
    case when is_complete and is_traffic_loaded then {{ ratio('visitor_days', 'days_in_period * visitors') }} end as stickiness
from measures
