-- How many customers a store has at the end of each day: ever, and with one or two orders within a number of days. A buyer is counted from
-- the day of an order until that number of days has passed or the next order takes over. Beginnings and ends are added up along the
-- calendar, so no buyer is ever counted twice. One row per store (and ALL) and day.
{%- set windows = [
    ('customers_30d', 'paid_date', 30),
    ('customers_90d', 'paid_date', 90),
    ('customers_365d', 'paid_date', 365),
    ('repeat_customers_30d', 'previous_paid_date', 30),
    ('repeat_customers_90d', 'previous_paid_date', 90),
] %}
{%- set longest_repeat = windows | selectattr(1, 'equalto', 'previous_paid_date') | map(attribute=2) | max %}

with

-- Only an order's day and the day of the buyer's next order matter here, so orders are grouped by them: however many orders there are,
-- there are no more groups than pairs of days.
spells as (

    select
        store_id,
        paid_date,
        next_paid_date,
        count(*) as orders,
        sum(case when order_number = 1 then 1 else 0 end) as first_orders
    from {{ ref('int_buyer_orders') }}
    group by store_id, paid_date, next_paid_date

),

repeat_spells as (

    select store_id, previous_paid_date, paid_date, next_paid_date, 1 as orders
    from {{ ref('int_buyer_orders') }}
    where paid_date < {{ add_days('previous_paid_date', longest_repeat) }}

),

-- The days from which and until which orders make their buyers customers of each kind.
changes as (

    select store_id, 0 as measure, paid_date as date_day, sum(first_orders) as change
    from spells
    group by store_id, paid_date
    {%- for name, since, days in windows %}
    {%- set number = loop.index %}
    {%- set orders = 'spells' if since == 'paid_date' else 'repeat_spells' %}
    {%- set until = 'least(next_paid_date, ' ~ add_days(since, days) ~ ')' %}
    {%- for day, change in [('paid_date', 'sum(orders)'), (until, '-sum(orders)')] %}

    union all

    select store_id, {{ number }}, {{ day }}, {{ change }}
    from {{ orders }}
    where {{ until }} > paid_date
    group by store_id, {{ day }}
    {%- endfor %}
    {%- endfor %}

),

daily as (

    select
        store_id,
        date_day,
        {%- for number in range(windows | length + 1) %}
        sum(case when measure = {{ number }} then change else 0 end) as change_{{ number }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from (
        select * from changes
        union all
        select store_id, 0, date_day, 0 from {{ ref('int_store_calendar') }}
    ) as changes_and_days
    group by store_id, date_day

)

select
    store_id,
    date_day,
    {%- for name in ['customers_total'] + windows | map(attribute=0) | list %}
    cast(sum(change_{{ loop.index0 }}) over (partition by store_id order by date_day rows between unbounded preceding and current row)
        as bigint) as {{ name }}
    {{- "," if not loop.last }}
    {%- endfor %}
from daily
