with

products as (
    select
        account_id,
        record_key as product_id,
        cursor_at as valid_from_at,
        valid_until_at,
        load_id,
        version.record.title as product_name,
        version.record.status = 'ACTIVATE' as is_on_sale,
        {{ epoch_time('version.record.create_time') }} as listed_at,
        {{ epoch_time('version.record.update_time') }} as modified_at,
        {{ first_of('version.record.skus') }} as first_sku,
        version.record.skus as skus
    from {{ ref('base_tiktok_shop__products') }} as version
),

exploded as (
    select
        *,
        {{ explode('products.skus') }} as sku
    from products
),

whole_and_variants as (
    select
        account_id,
        product_id,
        {{ null_as('text') }} as sku_id,
        product_name,
        coalesce({{ money('products.first_sku.price.sale_price') }}, {{ money('products.first_sku.price.tax_exclusive_price') }})
            as list_price,
        is_on_sale,
        {{ array_told_sum('products.skus', 'sku', array_told_sum('sku.inventory', 'place', money('place.quantity'))) }} as stock,
        listed_at,
        modified_at,
        valid_from_at,
        valid_until_at,
        load_id
    from products

    union all

    select
        account_id,
        product_id,
        exploded.sku.id as sku_id,
        product_name,
        coalesce({{ money('exploded.sku.price.sale_price') }}, {{ money('exploded.sku.price.tax_exclusive_price') }})
            as list_price,
        is_on_sale,
        {{ array_told_sum('exploded.sku.inventory', 'place', money('place.quantity')) }} as stock,
        listed_at,
        modified_at,
        valid_from_at,
        valid_until_at,
        load_id
    from exploded
)

select
    'tiktok_shop' as platform,
    whole_and_variants.account_id,
    account.store_id,
    product_id,
    sku_id,
    product_name,
    {{ null_as('text') }} as category_path,
    list_price,
    account.currency,
    is_on_sale,
    cast(stock as decimal(18, 4)) as stock,
    listed_at,
    modified_at,
    valid_from_at,
    valid_until_at,
    load_id
from whole_and_variants
left join {{ source('raw_daybook', 'accounts') }} as account
    on whole_and_variants.account_id = account.account_id
