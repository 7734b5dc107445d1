{#- Every variant is a product of its own. `status`: 1 enabled, 2 disabled. -#}
{{ products_of('magento', {
    'sku_id': 'version.record.sku',
    'product_name': 'version.record.name',
    'category_path': first_of('version.record.extension_attributes.category_links') ~ '.category_id',
    'list_price': money('version.record.price'),
    'is_on_sale': "version.record.status = '1'",
    'listed_at': parse_instant('version.record.created_at'),
    'modified_at': parse_instant('version.record.updated_at'),
}) }}
