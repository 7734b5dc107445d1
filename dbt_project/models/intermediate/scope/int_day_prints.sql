-- A print of all that happened on each day of a store, on every clock: the sum of a hash of each row, so that the order of rows
-- does not matter and any change does. Orders, which have the most columns, carry theirs. One row per store and day
-- with an event.
{%- set clocks = [
    ('int_orders', ['created_date', 'paid_date', 'deposit_date', 'forfeited_date'], 'print'),
    ('int_refunds', ['refund_date', 'order_paid_date'], row_print('events')),
    ('fct_order_lines', ['paid_date'], row_print('events')),
    ('fct_refund_lines', ['refund_date', 'order_paid_date'], row_print('events')),
    ('int_product_traffic', ['period_start'], row_print('events')),
    ('int_reviews', ['review_date'], row_print('events')),
] %}

with

{% for name, dates, print in clocks -%}
{{ name }}_rows as (

    select store_id, {{ dates | join(', ') }}, {{ print }} as print
    from {{ ref(name) }} as events

),

{% endfor -%}

printed as (
    {%- for name, dates, _ in clocks %}
    {%- for date in dates %}

    select store_id, {{ date }} as date_day, sum(print) as print, count(*) as events
    from {{ name }}_rows
    where {{ date }} is not null
    group by store_id, {{ date }}

    union all
    {%- endfor %}
    {%- endfor %}

    -- A refund takes its region and other traits from its order, so the order's print counts on the refund's day, too.
    select refunds.store_id, refunds.refund_date, sum(orders.print), count(*)
    from {{ ref('int_refunds') }} as refunds
    inner join {{ ref('int_orders') }} as orders
        on refunds.platform = orders.platform
        and refunds.store_id = orders.store_id
        and refunds.order_id = orders.order_id
    where refunds.refund_date is not null
    group by refunds.store_id, refunds.refund_date

)

-- The print also changes when ALL begins to count the day, because more of the store's history was loaded, and when the day matures,
-- which no event tells.
select
    printed.store_id,
    printed.date_day,
    sum(printed.print) + max(case when {{ counts_in_all('printed.date_day') }} then 0 else 1 end)
        + max(case when printed.date_day <= matured.mature_through then 2 else 0 end) as print,
    sum(printed.events) as events
from printed
{{ joined_to_first_days('printed') }}
left join {{ ref('int_mature_days') }} as matured on printed.store_id = matured.store_id
group by printed.store_id, printed.date_day
