-- Reviews of each product and variant by the day they were written, of days whose reviews are known. without_sku are those of a product
-- that name no variant: where there are any, nobody knows how many each of its variants has. One row per level, store, item, grain and
-- period.
{%- for level, item in [('product', "coalesce(reviews.product_id, 'unknown')"), ('sku', 'reviews.sku_id')] %}

select
    '{{ level }}' as level,
    reviews.store_id,
    {{ item }} as item_id,
    days.grain,
    days.period_start,
    max(reviews.product_id) as product_id,
    count(*) as reviews,
    count(reviews.rating) as reviews_rated,
    cast(coalesce(sum(reviews.rating), 0) as decimal(18, 4)) as rating_sum,
    count(*) - count(reviews.sku_id) as without_sku
from {{ ref('int_reviews') }} as reviews
inner join {{ ref('int_span_days') }} as days
    on reviews.store_id = days.store_id
    and reviews.review_date = days.date_day
    and days.span_days = 0
inner join {{ ref('int_store_calendar') }} as known
    on reviews.store_id = known.store_id
    and reviews.review_date = known.date_day
    and known.is_reviews_loaded
where reviews.is_counted and {{ item }} is not null
group by reviews.store_id, {{ item }}, days.grain, days.period_start
{{ "union all" if not loop.last }}
{%- endfor %}
