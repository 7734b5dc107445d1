{#- A change of a variation does not always move the product's modified time, so a variation has the later of both. -#}

{{ products_of(
    'woocommerce',
    {
        'product_name': 'version.record.name',
        'category_path': first_of('version.record.categories') ~ '.name',
        'list_price': 'coalesce(' ~ money('version.record.regular_price') ~ ', ' ~ money('version.record.price') ~ ')',
        'is_on_sale': "version.record.status = 'publish'",
        'stock': money('version.record.stock_quantity'),
        'listed_at': parse_instant('version.record.date_created_gmt'),
        'modified_at': parse_instant('version.record.date_modified_gmt'),
    },
    skus='version.record.variations_detail',
    sku={
        'sku_id': 'sku.id',
        'list_price': 'coalesce(' ~ money('sku.regular_price') ~ ', ' ~ money('sku.price') ~ ')',
        'is_on_sale': "is_on_sale and coalesce(sku.status, 'publish') = 'publish'",
        'stock': money('sku.stock_quantity'),
        'listed_at': 'coalesce(' ~ parse_instant('sku.date_created_gmt') ~ ', listed_at)',
        'modified_at': 'greatest(' ~ parse_instant('sku.date_modified_gmt') ~ ', modified_at)',
    }
) }}
