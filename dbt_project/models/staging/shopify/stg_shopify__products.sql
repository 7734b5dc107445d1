with

products as (
    select
        account_id,
        record_key as product_id,
        cursor_at as valid_from_at,
        valid_until_at,
        load_id,
        version.record.title as product_name,
        nullif(version.record.productType, '') as category_path,
        {# UNLISTED sells to whoever has the link. #}
        version.record.status in ('ACTIVE', 'UNLISTED') as is_on_sale,
        {{ money(first_of('version.record.variants.nodes') ~ '.price') }} as first_price,
        {{ money(first_of('version.record.variants.nodes') ~ '.compareAtPrice') }} as first_compare_price,
        version.record.tracksInventory = 'true' as is_counted,
        case when version.record.tracksInventory = 'true' then {{ money('version.record.totalInventory') }} end as stock,
        coalesce({{ parse_instant('version.record.publishedAt') }}, {{ parse_instant('version.record.createdAt') }})
            as listed_at,
        {{ parse_instant('version.record.updatedAt') }} as modified_at,
        version.record.variants.nodes as variants
    from {{ ref('base_shopify__products') }} as version
),

exploded as (
    select
        *,
        {{ explode('products.variants') }} as variant
    from products
),

whole_and_variants as (
    select
        account_id,
        product_id,
        {{ null_as('text') }} as sku_id,
        product_name,
        category_path,
        greatest(first_price, coalesce(first_compare_price, first_price)) as list_price,
        is_on_sale,
        stock,
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
        exploded.variant.legacyResourceId as sku_id,
        product_name,
        category_path,
        greatest(
            {{ money('exploded.variant.price') }},
            coalesce({{ money('exploded.variant.compareAtPrice') }}, {{ money('exploded.variant.price') }})
        ) as list_price,
        is_on_sale,
        {# A count of nothing is told of what nobody counts. #}
        case when is_counted then {{ money('exploded.variant.inventoryQuantity') }} end as stock,
        coalesce({{ parse_instant('exploded.variant.createdAt') }}, listed_at) as listed_at,
        coalesce(greatest({{ parse_instant('exploded.variant.updatedAt') }}, modified_at), modified_at) as modified_at,
        valid_from_at,
        valid_until_at,
        load_id
    from exploded
)

select
    'shopify' as platform,
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
