select
    platform,
    store_id,
    review_id,
    order_id,
    product_id,
    sku_id,
    reviewed_at,
    review_date,
    rating,
    is_low,
    is_counted
from {{ ref('int_reviews') }}
