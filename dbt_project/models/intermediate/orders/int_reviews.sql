-- Reviews of all platforms, each on the day it has where its store was. A review of an order's line is of the product and variant of that
-- line where the platform does not name them. It counts where buyers can see it and its order, if known, is one that counts: a review
-- of a brushed order is as made up as the order. Which load told it last is left out, because its days are read again every night.
-- One row per review.
with

reviews as (

    {{ union_staging('reviews') }}

),

-- Several accounts of one shop tell the same, and a shop may move a review to another day.
ranked as (

    select
        *,
        row_number() over (
            partition by platform, store_id, review_id
            order by load_id desc, reviewed_at desc, account_id
        ) as choice
    from reviews

)

select
    reviews.platform,
    reviews.store_id,
    reviews.review_id,
    reviews.order_id,
    coalesce(reviews.product_id, lines.product_id) as product_id,
    coalesce(reviews.sku_id, lines.sku_id) as sku_id,
    reviews.reviewed_at,
    {{ store_date('reviews.reviewed_at', 'zones.time_zone') }} as review_date,
    reviews.rating,
    reviews.is_low,
    reviews.is_counted and orders.exclude_reason is null as is_counted
from ranked as reviews
left join {{ ref('int_store_zones') }} as zones
    on reviews.store_id = zones.store_id
    and reviews.reviewed_at >= zones.valid_from_at
    and reviews.reviewed_at < zones.valid_until_at
left join {{ ref('int_order_totals') }} as orders
    on reviews.platform = orders.platform
    and reviews.store_id = orders.store_id
    and reviews.order_id = orders.order_id
left join {{ ref('fct_order_lines') }} as lines
    on reviews.platform = lines.platform
    and reviews.store_id = lines.store_id
    and reviews.order_id = lines.order_id
    and reviews.line_id = lines.line_id
where reviews.choice = 1
