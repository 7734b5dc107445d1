-- A print of all that happened on each day of a store, on every clock: the sum of a hash of each row, so that the order of rows
-- does not matter and any change does. One row per store and day with an event.
{%- set clocks = [
    ('int_orders', ['created_date', 'paid_date', 'deposit_date', 'forfeited_date']),
    ('int_refunds', ['refund_date', 'order_paid_date']),
    ('fct_order_lines', ['paid_date']),
    ('fct_refund_lines', ['refund_date', 'order_paid_date']),
] %}

select store_id, date_day, sum(print) as print, sum(events) as events
from (
    {%- for name, dates in clocks %}
    {%- set outer = loop %}
    {%- for date in dates %}
    select store_id, {{ date }} as date_day, sum({{ row_print('events') }}) as print, count(*) as events
    from {{ ref(name) }} as events
    where {{ date }} is not null
    group by store_id, {{ date }}
    {{ "union all" if not (loop.last and outer.last) }}
    {%- endfor %}
    {%- endfor %}
) as prints
group by store_id, date_day
