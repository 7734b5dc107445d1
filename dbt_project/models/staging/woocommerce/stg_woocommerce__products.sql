with

products as (
    select
        latest.account_id,
        account.store_id,
        account.currency,
        latest.record_key as product_id,
        latest.load_id,
        latest.record,
        {{ parse_instant('latest.record.date_created_gmt') }} as listed_at,
        {{ parse_instant('latest.record.date_modified_gmt') }} as modified_at
    from {{ ref('base_woocommerce__products') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
)

select
    'woocommerce' as platform,
    account_id,
    store_id,
    product_id,
    {{ null_as('text') }} as sku_id,
    products.record.name as product_name,
    {{ first_of('products.record.categories') }}.name as category_path,
    coalesce({{ money('products.record.regular_price') }}, {{ money('products.record.price') }}) as list_price,
    currency,
    products.record.status = 'publish' as is_on_sale,
    {{ money('products.record.stock_quantity') }} as stock,
    listed_at,
    modified_at,
    load_id
from products

union all

select
    'woocommerce' as platform,
    account_id,
    store_id,
    product_id,
    variation.id as sku_id,
    products.record.name as product_name,
    {{ first_of('products.record.categories') }}.name as category_path,
    coalesce({{ money('variation.regular_price') }}, {{ money('variation.price') }}) as list_price,
    currency,
    products.record.status = 'publish' and coalesce(variation.status, 'publish') = 'publish' as is_on_sale,
    {{ money('variation.stock_quantity') }} as stock,
    coalesce({{ parse_instant('variation.date_created_gmt') }}, listed_at) as listed_at,
    greatest({{ parse_instant('variation.date_modified_gmt') }}, modified_at) as modified_at,
    load_id
from products
{{ explode('products.record.variations_detail', 'variation') }}
