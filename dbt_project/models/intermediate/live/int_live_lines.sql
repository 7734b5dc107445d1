-- Order lines that were sold in a live session, with what was paid for them and what came back of it so far.
-- One row per line of a paid, counted order whose platform says in which room it was sold.
with

scenes as (

    select *
    from (
        {{ union_staging('order_scenes') }}
    ) as scenes
    where {{ is_heard('scenes', 'order_scenes') }}

),

refunded as (

    select
        platform,
        store_id,
        order_id,
        line_id,
        sum(refund_goods_cohort) as refund_goods_cohort,
        sum(case when refund_goods_cohort is null then 1 else 0 end) as unrated
    from {{ ref('fct_refund_lines') }}
    group by platform, store_id, order_id, line_id

)

select
    lines.platform,
    lines.store_id,
    lines.order_id,
    lines.line_id,
    scenes.live_id,
    scenes.host_id,
    scenes.host_name,
    lines.buyer_key,
    lines.created_date,
    lines.paid_date,
    orders.created_at,
    orders.paid_at,
    lines.units,
    lines.goods_paid,
    cast(lines.goods_paid + round((lines.shipping_charged_orig + lines.tax_orig) * orders.rate_to_reporting, 2) as decimal(18, 2))
        as paid_amount,
    case
        when coalesce(refunded.unrated, 0) = 0 then cast(coalesce(refunded.refund_goods_cohort, 0) as decimal(18, 2))
    end as refund_cohort
from {{ ref('fct_order_lines') }} as lines
inner join scenes
    on lines.platform = scenes.platform
    and lines.store_id = scenes.store_id
    and lines.order_id = scenes.order_id
    and lines.line_id = scenes.line_id
inner join {{ ref('int_orders') }} as orders
    on lines.platform = orders.platform
    and lines.store_id = orders.store_id
    and lines.order_id = orders.order_id
left join refunded
    on lines.platform = refunded.platform
    and lines.store_id = refunded.store_id
    and lines.order_id = refunded.order_id
    and lines.line_id = refunded.line_id
where
    scenes.live_id is not null
    and lines.line_class = 'product'
    and lines.exclude_reason is null
    and lines.paid_date is not null
