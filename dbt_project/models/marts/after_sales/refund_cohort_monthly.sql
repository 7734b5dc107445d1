-- What came back of a month's orders within so many days of their payment. A cell is null, not a small number, until every order of the
-- month is that old by what is read of its store. Refunds are at the rate of the sale. One row per store (and ALL), month and age.
{%- set ages = [1, 3, 7, 15, 30, 60, 90, 180] %}

with

last_days as (

    select store_id, max(date_day) as last_day
    from {{ ref('int_store_calendar') }}
    group by store_id

),

sold as (

    select
        store_id,
        paid_date,
        count(*) as orders_paid,
        sum(paid_amount) as paid_amount,
        sum(case when paid_amount is null then 1 else 0 end) as unrated
    from {{ ref('fct_orders') }}
    where is_counted
    group by store_id, paid_date

),

-- Of the days that periods have: the running day is in no month.
days as (

    select
        sold.*,
        {{ month_start('sold.paid_date') }} as paid_month,
        {{ counts_in_all('sold.paid_date') }} and coalesce(sold.paid_date <= everywhere.last_day, false) as counts_in_all
    from sold
    {{ joined_to_first_days('sold') }}
    inner join last_days on sold.store_id = last_days.store_id and sold.paid_date <= last_days.last_day
    cross join (select max(last_day) as last_day from last_days where store_id = 'ALL') as everywhere

),

paid as (

    select
        store_id,
        paid_month,
        counts_in_all,
        sum(orders_paid) as orders_paid,
        sum(paid_amount) as paid_amount,
        sum(unrated) as unrated
    from days
    group by store_id, paid_month, counts_in_all

),

refunded_orders as (

    select
        orders.store_id,
        days.paid_month,
        days.counts_in_all
        {%- for age in ages %},
        sum(case when refunds.refunded_at <= orders.paid_at + interval {{ 24 * age }} hour then refunds.refund_amount_cohort else 0 end) as refund_amount_{{ age }},
        count(case when refunds.refunded_at <= orders.paid_at + interval {{ 24 * age }} hour then 1 end) as refunds_{{ age }},
        count(case
            when refunds.refunded_at <= orders.paid_at + interval {{ 24 * age }} hour and refunds.refund_amount_cohort is null then 1
        end) as unrated_{{ age }}
        {%- endfor %}
    from {{ ref('fct_orders') }} as orders
    inner join {{ ref('fct_refunds') }} as refunds
        on orders.platform = refunds.platform
        and orders.store_id = refunds.store_id
        and orders.order_id = refunds.order_id
    inner join days on orders.store_id = days.store_id and orders.paid_date = days.paid_date
    -- An exchange gave nothing back.
    where orders.is_counted and refunds.is_counted and refunds.is_linked and coalesce(refunds.refund_type, 'other') <> 'exchange'
    group by orders.platform, orders.store_id, orders.order_id, days.paid_month, days.counts_in_all

),

refunded as (

    select
        store_id,
        paid_month,
        counts_in_all
        {%- for age in ages %},
        sum(refund_amount_{{ age }}) as refund_amount_{{ age }},
        sum(unrated_{{ age }}) as unrated_{{ age }},
        count(case when refunds_{{ age }} > 0 then 1 end) as orders_refunded_{{ age }}
        {%- endfor %}
    from refunded_orders
    group by store_id, paid_month, counts_in_all

),

cells as (
    {%- for age in ages %}
    select
        paid.store_id,
        paid.paid_month,
        paid.counts_in_all,
        {{ age }} as days_since,
        coalesce(ends.last_day, paid.paid_month) as followed_to,
        paid.orders_paid,
        paid.paid_amount,
        paid.unrated,
        coalesce(refunded.refund_amount_{{ age }}, 0) as refund_amount,
        paid.unrated + coalesce(refunded.unrated_{{ age }}, 0) as unrated_cohort,
        coalesce(refunded.orders_refunded_{{ age }}, 0) as orders_refunded
    from paid
    left join refunded on paid.store_id = refunded.store_id and paid.paid_month = refunded.paid_month
        and paid.counts_in_all = refunded.counts_in_all
    left join {{ ref('int_last_days') }} as ends on paid.store_id = ends.store_id
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

scoped as (

    {%- for store in ['store_id', "'ALL'"] %}
    select
        {{ store }} as store_id, paid_month, days_since, min(followed_to) as followed_to, sum(orders_paid) as orders_paid,
        sum(paid_amount) as paid_amount, sum(unrated) as unrated, sum(refund_amount) as refund_amount, sum(unrated_cohort) as unrated_cohort,
        sum(orders_refunded) as orders_refunded
    from cells
    {{ "where counts_in_all" if loop.last }}
    group by {{ "store_id, " if loop.first }}paid_month, days_since
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

known as (

    select
        scoped.*,
        ends.data_through_at,
        coalesce({{ add_days('cast(scoped.paid_month + interval 1 month as date)', -1) }} <= {{ add_days('least(scoped.followed_to, ends.last_day)', '-scoped.days_since') }}, false)
            as is_complete,
        coalesce(months.is_complete, false) as is_month_complete
    from scoped
    inner join {{ ref('int_last_days') }} as ends on scoped.store_id = ends.store_id
    left join {{ ref('int_spans') }} as months
        on scoped.store_id = months.store_id
        and scoped.paid_month = months.period_start
        and months.grain = 'month'
        and months.span_days = 0

)

select
    store_id,
    paid_month,
    days_since,
    is_complete,
    is_month_complete,
    data_through_at,
    '{{ var("reporting_currency") }}' as currency,
    cast(orders_paid as bigint) as orders_paid,
    {{ mart_money('paid_amount', 'unrated = 0') }} as paid_amount,
    cast(case when is_complete then orders_refunded end as bigint) as orders_refunded,
    {{ mart_money('refund_amount', 'unrated_cohort = 0 and is_complete') }} as refund_amount_cohort,
    {{ ratio('case when unrated_cohort = 0 and is_complete then refund_amount end', 'paid_amount') }} as refund_rate_cohort
from known
