{#- shelfStatus: as onOfflineStatus of the request, 1 is on its shelf. -#}
{%- set states = {'0': 'off_sale', '1': 'on_sale'} -%}

with

items as (
    select
        version.account_id,
        version.record_key as product_id,
        version.record.title as product_name,
        version.record.categoryId as category_path,
        {{ hundredths('version.record.price') }} as list_price,
        {{ is_on_sale('version.record.shelfStatus', states) }} as is_on_sale,
        {{ array_told_sum('version.record.skuList', 'sku', money('sku.skuStock')) }} as stock,
        {{ epoch_time('version.record.createTime', 1000) }} as listed_at,
        {{ epoch_time('version.record.updateTime', 1000) }} as modified_at,
        version.record.skuList as skus,
        version.cursor_at as valid_from_at,
        version.valid_until_at,
        version.load_id
    from {{ ref('base_kuaishou_shop__products') }} as version
),

exploded as (
    select
        *,
        {{ explode('items.skus') }} as sku
    from items
),

whole_and_variants as (
    select
        account_id,
        product_id,
        {{ null_as('text') }} as sku_id,
        product_name,
        category_path,
        list_price,
        is_on_sale,
        stock,
        listed_at,
        modified_at,
        valid_from_at,
        valid_until_at,
        load_id
    from items

    union all

    select
        account_id,
        product_id,
        exploded.sku.kwaiSkuId as sku_id,
        product_name,
        category_path,
        {{ hundredths('exploded.sku.skuSalePrice') }} as list_price,
        is_on_sale,
        {{ money('exploded.sku.skuStock') }} as stock,
        listed_at,
        modified_at,
        valid_from_at,
        valid_until_at,
        load_id
    from exploded
)

select
    'kuaishou_shop' as platform,
    whole_and_variants.account_id,
    account.store_id,
    product_id,
    sku_id,
    product_name,
    category_path,
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
