{#- status: the comment of the field in the official SDK (com.alibaba.product). -#}
{%- set states = {
    'published': 'on_sale',
    'member expired': 'off_sale',
    'auto expired': 'off_sale',
    'expired': 'off_sale',
    'member deleted': 'off_sale',
    'modified': 'off_sale',
    'new': 'off_sale',
    'deleted': 'off_sale',
    'TBD': 'off_sale',
    'approved': 'off_sale',
    'auditing': 'off_sale',
    'untread': 'off_sale',
} -%}

with

offers as (
    select
        version.account_id,
        version.record_key as product_id,
        version.record.subject as product_name,
        version.record.categoryID as category_path,
        {# Quoted by quantity, the smallest first, or by SKU. #}
        {{ money(first_of('version.record.saleInfo.priceRanges') ~ '.price') }} as quantity_price,
        {{ money(first_of('version.record.skuInfos') ~ '.price') }} as first_sku_price,
        {{ is_on_sale('version.record.status', states) }} as is_on_sale,
        {{ money('version.record.saleInfo.amountOnSale') }} as stock,
        {{ compact_time('version.record.createTime') }} as listed_at,
        coalesce({{ compact_time('version.record.modifyTime') }}, {{ compact_time('version.record.lastUpdateTime') }})
            as modified_at,
        version.record.skuInfos as skus,
        version.cursor_at as valid_from_at,
        version.valid_until_at,
        version.load_id
    from {{ ref('base_alibaba_1688__products') }} as version
),

exploded as (
    select
        *,
        {{ explode('offers.skus') }} as sku
    from offers
),

whole_and_variants as (
    select
        account_id,
        product_id,
        {{ null_as('text') }} as sku_id,
        product_name,
        category_path,
        coalesce(quantity_price, first_sku_price) as list_price,
        is_on_sale,
        stock,
        listed_at,
        modified_at,
        valid_from_at,
        valid_until_at,
        load_id
    from offers

    union all

    select
        account_id,
        product_id,
        exploded.sku.skuId as sku_id,
        product_name,
        category_path,
        coalesce({{ money('exploded.sku.price') }}, quantity_price) as list_price,
        is_on_sale,
        {{ money('exploded.sku.amountOnSale') }} as stock,
        listed_at,
        modified_at,
        valid_from_at,
        valid_until_at,
        load_id
    from exploded
)

select
    'alibaba_1688' as platform,
    whole_and_variants.account_id,
    account.store_id,
    product_id,
    sku_id,
    product_name,
    category_path,
    list_price,
    account.currency,
    is_on_sale,
    stock,
    listed_at,
    modified_at,
    valid_from_at,
    valid_until_at,
    load_id
from whole_and_variants
left join {{ source('raw_daybook', 'accounts') }} as account
    on whole_and_variants.account_id = account.account_id
