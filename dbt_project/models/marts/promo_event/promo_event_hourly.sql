-- The peak day of each event, hour by hour. Hours are those of the clock that gave the order its paid_date, so together they are that
-- day and nothing else. In ALL an order stands at its own store's hour.
with

peak_days as (

    select
        event_id,
        store_id,
        compare_to,
        is_complete,
        date_day,
        data_through_at,
        paid_amount as paid_amount_of_day
    from (
        select
            days.event_id,
            days.store_id,
            days.date_day,
            days.data_through_at,
            days.paid_amount,
            events.compare_to,
            events.is_complete,
            row_number() over (
                partition by days.event_id, days.store_id
                order by days.paid_amount desc nulls last, days.date_day
            ) as place
        from {{ ref('int_promo_store_days') }} as days
        inner join {{ ref('promo_event') }} as events
            on days.event_id = events.event_id
            and days.store_id = events.store_id
        where days.is_complete and days.phase in ('burst', 'return')
    ) as ranked
    where place = 1

),

store_hours as (

    select
        orders.store_id,
        orders.paid_date,
        {{ local_hour('orders.paid_at', 'zones.time_zone') }} as hour_of_day,
        sum(case when orders.is_counted then 1 else 0 end) as orders_paid,
        sum(orders.goods_paid + orders.shipping_charged + orders.tax) as paid_amount,
        sum(case when orders.rate_to_reporting is null then 1 else 0 end) as unrated
    from {{ ref('int_orders') }} as orders
    inner join {{ ref('int_store_zones') }} as zones
        on orders.store_id = zones.store_id
        and orders.paid_at >= zones.valid_from_at
        and orders.paid_at < zones.valid_until_at
    where orders.is_paid and orders.paid_date in (select date_day from peak_days)
    group by orders.store_id, orders.paid_date, {{ local_hour('orders.paid_at', 'zones.time_zone') }}

),

paid as (

    select store_id, paid_date, hour_of_day, orders_paid, paid_amount, unrated
    from store_hours
    union all
    select 'ALL', hours.paid_date, hours.hour_of_day, sum(hours.orders_paid), sum(hours.paid_amount), sum(hours.unrated)
    from store_hours as hours
    {{ joined_to_first_days('hours') }}
    where {{ counts_in_all('hours.paid_date') }}
    group by hours.paid_date, hours.hour_of_day

),

clock as (
    {%- for hour in range(24) %}
    select {{ hour }} as hour_of_day{{ " union all" if not loop.last }}
    {%- endfor %}

),

hours as (

    select
        peak_days.*,
        clock.hour_of_day,
        cast(coalesce(paid.orders_paid, 0) as bigint) as orders_paid,
        {{ mart_money('coalesce(paid.paid_amount, 0)', 'coalesce(paid.unrated, 0) = 0') }} as paid_amount
    from peak_days
    cross join clock
    left join paid
        on peak_days.store_id = paid.store_id
        and peak_days.date_day = paid.paid_date
        and clock.hour_of_day = paid.hour_of_day

)

select
    this.event_id,
    this.store_id,
    this.hour_of_day,
    this.date_day,
    this.is_complete,
    this.data_through_at,
    '{{ var("reporting_currency") }}' as currency,
    this.orders_paid,
    this.paid_amount,
    {{ ratio('this.paid_amount', 'this.paid_amount_of_day') }} as share_of_day,
    cast(sum(this.orders_paid) over so_far as bigint) as orders_paid_so_far,
    cast(case
        when count(*) over so_far = count(this.paid_amount) over so_far then sum(this.paid_amount) over so_far
    end as decimal(18, 2)) as paid_amount_so_far,
    before.date_day as date_day_compare,
    before.orders_paid as orders_paid_compare,
    before.paid_amount as paid_amount_compare
from hours as this
-- Of an event the store was not there for whole, the greatest day is not known.
left join hours as before
    on this.compare_to = before.event_id
    and this.store_id = before.store_id
    and this.hour_of_day = before.hour_of_day
    and before.is_complete
window so_far as (
    partition by this.event_id, this.store_id
    order by this.hour_of_day
    rows between unbounded preceding and current row
)
