-- What the platforms' catalogues say now, and products known only from orders. One row per store, product and variant
-- (sku_id null: the product itself).
with

products as (

    select *
    from (
        {{ union_staging('products') }}
    ) as versions
    where valid_until_at is null

),

ranked as (

    select
        *,
        row_number() over (
            partition by platform, store_id, product_id, sku_id
            order by modified_at desc, load_id desc, account_id
        ) as recency
    from products

)

select
    platform,
    account_id,
    store_id,
    product_id,
    sku_id,
    product_name,
    category_path,
    list_price,
    currency,
    is_on_sale,
    stock,
    listed_at,
    modified_at
from ranked
where recency = 1
