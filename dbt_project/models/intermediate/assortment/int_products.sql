-- What the platforms' catalogues say now. What they tell of no more is as it was last told, on sale no longer and without a stock that
-- anybody knows. One row per store, product and variant (sku_id null: the product itself).
{%- set open = "cast('9999-12-31 00:00:00+00:00' as " ~ t('instant') ~ ")" %}
with

products as (

    {{ union_staging('products') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by platform, store_id, product_id, sku_id
            order by coalesce(valid_until_at, {{ open }}) desc, modified_at desc, load_id desc, account_id
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
    case when valid_until_at is null then is_on_sale else false end as is_on_sale,
    case when valid_until_at is null then stock end as stock,
    listed_at,
    modified_at
from ranked
where recency = 1
