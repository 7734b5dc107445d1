{%- set pieces = array_told_sum('sku.inventory', 'place', money('place.quantity')) -%}
{%- set first = first_of('version.record.skus') -%}

{{ products_of(
    'tiktok_shop',
    {
        'product_name': 'version.record.title',
        'list_price': 'coalesce(' ~ money(first ~ '.price.sale_price') ~ ', ' ~ money(first ~ '.price.tax_exclusive_price') ~ ')',
        'is_on_sale': "version.record.status = 'ACTIVATE'",
        'stock': array_told_sum('version.record.skus', 'sku', pieces),
        'listed_at': epoch_time('version.record.create_time'),
        'modified_at': epoch_time('version.record.update_time'),
    },
    skus='version.record.skus',
    sku={
        'sku_id': 'sku.id',
        'list_price': 'coalesce(' ~ money('sku.price.sale_price') ~ ', ' ~ money('sku.price.tax_exclusive_price') ~ ')',
        'stock': pieces,
    }
) }}
