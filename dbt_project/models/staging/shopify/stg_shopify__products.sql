{#- An UNLISTED product can be bought by whoever has the link. Without `tracksInventory` the stock is told as 0 and read as null. -#}
{%- set first = first_of('version.record.variants.nodes') -%}
{%- set listed_at = 'coalesce(' ~ parse_instant('version.record.publishedAt') ~ ', ' ~ parse_instant('version.record.createdAt') ~ ')' -%}

{{ products_of(
    'shopify',
    {
        'product_name': 'version.record.title',
        'category_path': "nullif(version.record.productType, '')",
        'list_price': 'greatest(' ~ money(first ~ '.price') ~ ', ' ~ money(first ~ '.compareAtPrice') ~ ')',
        'is_on_sale': "version.record.status in ('ACTIVE', 'UNLISTED')",
        'is_counted': "version.record.tracksInventory = 'true'",
        'stock': "case when version.record.tracksInventory = 'true' then " ~ money('version.record.totalInventory') ~ ' end',
        'listed_at': listed_at,
        'modified_at': parse_instant('version.record.updatedAt'),
    },
    skus='version.record.variants.nodes',
    sku={
        'sku_id': 'sku.legacyResourceId',
        'list_price': 'greatest(' ~ money('sku.price') ~ ', ' ~ money('sku.compareAtPrice') ~ ')',
        'stock': 'case when is_counted then ' ~ money('sku.inventoryQuantity') ~ ' end',
        'listed_at': 'coalesce(' ~ parse_instant('sku.createdAt') ~ ', listed_at)',
        'modified_at': 'greatest(' ~ parse_instant('sku.updatedAt') ~ ', modified_at)',
    }
) }}
