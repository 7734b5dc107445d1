-- How many customers a store has at the end of each day: ever, and with one or two orders within the days before. A buyer is
-- counted from the day of an order until so many days have passed or the next order takes over; what begins and ends is
-- added up along the calendar, so no buyer is ever counted twice. One row per store (and ALL) and day.
{%- set windows = [
    ('customers_30d', 'paid_date', 30),
    ('customers_90d', 'paid_date', 90),
    ('customers_365d', 'paid_date', 365),
    ('repeat_customers_30d', 'previous_paid_date', 30),
    ('repeat_customers_90d', 'previous_paid_date', 90),
] %}
{%- set longest_repeat = windows | selectattr(1, 'equalto', 'previous_paid_date') | map(attribute=2) | max %}

with

-- Most of a day's orders are alike here: there are no more kinds of them than pairs of days, however many orders there are.
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

-- From which day to which an order makes its buyer a customer of each kind.
lasting as (
    {%- for name, since, days in windows %}
    {%- set ends = add_days(since, days) %}
    {%- set until = "case when next_paid_date < " ~ ends ~ " then next_paid_date else " ~ ends ~ " end" %}
    select store_id, {{ loop.index }} as measure, paid_date as from_date, {{ until }} as until_date, sum(orders) as orders
    from {{ 'spells' if since == 'paid_date' else 'repeat_spells' }}
    where {{ until }} > paid_date
    group by store_id, paid_date, {{ until }}
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

changes as (

    select store_id, 0 as measure, paid_date as date_day, sum(first_orders) as change
    from spells
    group by store_id, paid_date

    union all

    select store_id, measure, from_date, orders from lasting

    union all

    select store_id, measure, until_date, -orders from lasting

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
