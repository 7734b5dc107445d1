-- Buyers of every span and what they bought, counted in the span itself: a buyer of two days is one buyer of the week, counted at the
-- first of their orders in it. New are those whose first paid order of all lies in the span; returning are all others. Each order says
-- what it is to its day, week and month, so days are added up and no span is searched for its buyers. One row per store (and ALL),
-- grain, period and span in which somebody bought.
{{ config(**rebuilt(["{{ in_affected_spans('held') }}"])) }}
{%- set starts = {'day': 'dates.date_day', 'week': 'dates.week_start_date', 'month': 'dates.month_start_date'} %}
{%- set of_days = {
    'first_orders': 'count(case when order_number = 1 then 1 end)',
    'first_orders_kept': "count(case when order_number = 1 and outcome not in ('cancelled', 'fully_refunded') then 1 end)",
    'orders_by_buyers': 'count(*)',
    'repeat_orders': 'count(case when order_number > 1 then 1 end)',
    'days_since_order': 'sum(case when order_number > 1 then ' ~ days_between('previous_paid_date', 'orders.date_day') ~ ' else 0 end)',
    'paid_amount_by_buyers': 'sum(paid_amount)',
    'first_order_amount': 'sum(case when order_number = 1 then paid_amount else 0 end)',
    'unrated': 'count(*) - count(paid_amount)',
} %}
{#- START: the first day of the order's day, week or month. #}
{%- set is_first = '(last_day is null or last_day < START)' %}
{%- set is_second = '(last_day >= START and (last_day_but_one is null or last_day_but_one < START))' %}
{%- set is_of_new = '(has_first_order and first_paid_date >= START)' %}
{%- set year_before = add_days('START', -365) %}
{%- set of_spans = {
    'buyers': 'count(case when ' ~ is_first ~ ' then 1 end)',
    'repeat_in_period_buyers': 'count(case when ' ~ is_second ~ ' then 1 end)',
    'returning_buyers_365d':
        'count(case when ' ~ is_first ~ ' and previous_paid_date >= ' ~ year_before ~ ' and previous_paid_date < START then 1 end)',
    'reactivated_buyers': 'count(case when ' ~ is_first ~ ' and previous_paid_date < ' ~ year_before ~ ' then 1 end)',
    'new_buyer_amount': 'sum(case when ' ~ is_of_new ~ ' then paid_amount else 0 end)',
    'returning_buyer_amount': 'sum(case when ' ~ is_of_new ~ ' then 0 else paid_amount end)',
} %}

with

-- An order from before its store's history makes its buyer a known one, but in ALL no buyer of its day. So last_day and last_day_but_one
-- are made of the orders that count there; order_number, previous_paid_date and first_paid_date of all orders.
orders as (

    select
        orders.store_id,
        orders.paid_date as date_day,
        orders.order_number,
        orders.previous_paid_date,
        orders.first_paid_date,
        orders.outcome,
        orders.paid_amount,
        lag(orders.paid_date) over counted as last_day,
        lag(orders.paid_date, 2) over counted as last_day_but_one,
        first_value(orders.order_number) over counted = 1 as has_first_order
    from {{ ref('int_buyer_orders') }} as orders
    {{ joined_to_first_days('orders', 'order_store_id') }}
    where (orders.store_id <> 'ALL' or {{ counts_in_all('orders.paid_date') }})
        {%- if only_changes() %}
        and {{ in_affected_days('orders.store_id', 'orders.paid_date') }}
        {%- endif %}
    window counted as (partition by orders.store_id, orders.platform, orders.buyer_key order by orders.order_number)

),

days as (

    select
        orders.store_id,
        orders.date_day
        {%- for name, sum in of_days.items() %},
        {{ sum }} as {{ name }}
        {%- endfor %}
        {%- for name, sum in of_spans.items() %}
        {%- for grain, start in starts.items() %},
        {{ sum | replace('START', start) }} as {{ name }}_{{ grain }}
        {%- endfor %}
        {%- endfor %}
    from orders
    inner join {{ ref('int_dates') }} as dates on orders.date_day = dates.date_day
    group by orders.store_id, orders.date_day

),

summed as (

    select
        spans.store_id,
        spans.grain,
        spans.period_start,
        spans.span_days
        {%- for name in of_days %},
        sum(days.{{ name }}) as {{ name | replace('first_orders', 'new_buyers') }}
        {%- endfor %}
        {%- for name in of_spans %},
        sum(case spans.grain{% for grain in starts %} when '{{ grain }}' then days.{{ name }}_{{ grain }}{% endfor %} end) as {{ name }}
        {%- endfor %}
    from days
    inner join {{ days_to_write() }} as spans
        on days.store_id = spans.store_id
        and days.date_day = spans.date_day
    group by spans.store_id, spans.grain, spans.period_start, spans.span_days

)

select summed.*, buyers - new_buyers as returning_buyers
from summed
