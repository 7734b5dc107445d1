-- What a store's platform shows on its own pages, rebuilt from our orders by the rules of var('platform_lenses'), beside the one of our
-- figures that people mistake it for. It is in the store's currency, as those pages are. One row per store with such a platform, grain
-- and period.
{%- set sales = {
    'paid_amount': 'goods_paid_store + shipping_charged_store + tax_store',
    'merchant_receivable': 'goods_paid_store + shipping_charged_store + tax_store + platform_subsidy_store',
    'goods_paid': 'goods_paid_store',
} %}
{%- set left_out_by_us_alone = "('brushed', 'staff')" %}

with

lenses as (
    {%- for platform, lens in var('platform_lenses').items() %}
    select
        '{{ platform }}' as platform,
        {{ quoted([lens.name]) }} as lens,
        '{{ lens.sales }}' as sales,
        '{{ lens.counted_on }}' as counted_on,
        '{{ lens.get('cod_counted_on', lens.counted_on) }}' as cod_counted_on,
        '{{ lens.get('leaves_out_cancelled', 'none') }}' as leaves_out_cancelled,
        {{ lens.get('takes_off_refunds', false) | lower }} as takes_off_refunds
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

-- Of a store that sells on two platforms, or moved, the one that int_stores names: no page of it shows what was sold on the other.
stores as (

    select stores.store_id, lenses.*
    from {{ ref('int_stores') }} as stores
    inner join lenses on stores.platform = lenses.platform

),

orders as (

    select
        orders.platform,
        orders.store_id,
        orders.order_id,
        orders.order_state,
        orders.paid_date,
        orders.exclude_reason is not null as is_left_out_by_us,
        case case when orders.order_type = 'cod' then stores.cod_counted_on else stores.counted_on end
            when 'created' then orders.created_date
            else orders.paid_date
        end as date_day,
        {{ store_date('orders.cancelled_at', 'zones.time_zone') }} as cancelled_date,
        case stores.sales
            {%- for name, amount in sales.items() %}
            when '{{ name }}' then {{ amount }}
            {%- endfor %}
        end as amount,
        stores.takes_off_refunds,
        stores.leaves_out_cancelled
    from {{ ref('int_orders') }} as orders
    inner join stores on orders.store_id = stores.store_id and orders.platform = stores.platform
    left join {{ ref('int_store_zones') }} as zones
        on orders.store_id = zones.store_id
        and orders.cancelled_at >= zones.valid_from_at
        and orders.cancelled_at < zones.valid_until_at
    where coalesce(orders.exclude_reason, 'brushed') in {{ left_out_by_us_alone }}

),

movements as (

    select store_id, date_day, 1 as orders, amount, is_left_out_by_us
    from orders
    where date_day is not null
        and not (leaves_out_cancelled = 'all' and order_state = 'cancelled')
        and not (leaves_out_cancelled = 'same_day' and coalesce(cancelled_date = date_day, false))

    union all

    -- A sale that was cancelled before it was paid has no refund that would take it back.
    select store_id, cancelled_date, 0, -amount, is_left_out_by_us
    from orders
    where takes_off_refunds and date_day is not null and paid_date is null and cancelled_date is not null

    union all

    select refunds.store_id, refunds.refund_date, 0, -refunds.refund_goods_store, refunds.exclude_reason is not null
    from {{ ref('int_refunds') }} as refunds
    inner join stores on refunds.store_id = stores.store_id and refunds.platform = stores.platform
    left join orders
        on refunds.platform = orders.platform
        and refunds.store_id = orders.store_id
        and refunds.order_id = orders.order_id
    where stores.takes_off_refunds
        and (refunds.is_counted or (refunds.refund_state = 'success' and refunds.exclude_reason in {{ left_out_by_us_alone }}))
        and not (stores.leaves_out_cancelled = 'all' and coalesce(orders.order_state = 'cancelled', false))

),

days as (

    select
        store_id,
        date_day,
        sum(orders) as orders,
        sum(amount) as amount,
        sum(case when is_left_out_by_us then amount else 0 end) as left_out_by_us,
        count(*) - count(amount) as unrated
    from movements
    group by store_id, date_day

),

summed as (

    select
        spans.store_id,
        spans.grain,
        spans.period_start,
        spans.span_days,
        coalesce(sum(days.orders), 0) as orders,
        coalesce(sum(days.amount), 0) as amount,
        coalesce(sum(days.left_out_by_us), 0) as left_out_by_us,
        coalesce(sum(days.unrated), 0) as unrated
    from {{ ref('int_span_days') }} as spans
    inner join stores on spans.store_id = stores.store_id
    left join days on spans.store_id = days.store_id and spans.date_day = days.date_day
    where spans.span_days = 0
    group by spans.store_id, spans.grain, spans.period_start, spans.span_days

),

beside as (

    select
        summed.store_id,
        summed.grain,
        summed.period_start,
        ours.period_end,
        ours.days_in_period,
        ours.days_elapsed,
        ours.is_complete,
        ours.data_through_at,
        ours.is_orders_loaded,
        stores.platform,
        stores.lens,
        ours.store_currency,
        case when ours.has_orders then summed.orders end as lens_orders,
        {{ mart_money('summed.amount', 'ours.has_orders and summed.unrated = 0') }} as lens_amount,
        {{ mart_money('summed.left_out_by_us', 'ours.has_orders and summed.unrated = 0') }} as left_out_by_us,
        case when stores.takes_off_refunds then 'net_sales' else 'paid_amount' end as our_metric,
        case when stores.takes_off_refunds then ours.net_sales_store else ours.paid_amount_store end as our_amount
    from summed
    inner join stores on summed.store_id = stores.store_id
    inner join {{ ref('int_store_by_period') }} as ours
        on summed.store_id = ours.store_id and summed.grain = ours.grain
        and summed.period_start = ours.period_start and summed.span_days = ours.span_days

)

select
    store_id,
    grain,
    period_start,
    period_end,
    days_in_period,
    cast(days_elapsed as integer) as days_elapsed,
    is_complete,
    data_through_at,
    is_orders_loaded,
    platform,
    lens,
    store_currency,
    cast(lens_orders as bigint) as lens_orders,
    lens_amount,
    left_out_by_us,
    our_metric,
    our_amount,
    cast(lens_amount - our_amount as decimal(18, 2)) as difference,
    {{ ratio('lens_amount - our_amount', 'our_amount') }} as difference_rate
from beside
