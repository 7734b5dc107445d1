{#
  A review names its product, never the variation or the order. No stars are a rating of 0. An import may leave it without a GMT date: then
  the site's own stands, as if the site were in the store's zone.
#}
with

reviews as (
    select
        latest.account_id,
        account.store_id,
        record_key as review_id,
        load_id,
        latest.record.product_id as product_id,
        latest.record.status as status,
        coalesce(
            {{ parse_instant('latest.record.date_created_gmt') }},
            {{ local_time('latest.record.date_created', 'account.time_zone') }}
        ) as reviewed_at,
        nullif({{ money('latest.record.rating') }}, 0) as rating
    from {{ ref('base_woocommerce__reviews') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
    where record_key is not null
)

select
    'woocommerce' as platform,
    account_id,
    store_id,
    review_id,
    {{ null_as('text') }} as order_id,
    {{ null_as('text') }} as line_id,
    nullif(product_id, '0') as product_id,
    {{ null_as('text') }} as sku_id,
    reviewed_at,
    cast(rating as decimal(18, 4)) as rating,
    coalesce(rating <= 2, false) as is_low,
    status = 'approved' as is_counted,
    load_id
from reviews
