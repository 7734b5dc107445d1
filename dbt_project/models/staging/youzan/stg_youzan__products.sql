{# The lists have items and not their variants. Variants are known only from the order lines that sold them. #}
{{ products_of('youzan', {
    'product_name': 'version.record.title',
    'list_price': hundredths('version.record.price'),
    'is_on_sale': "version.record.shelf = 'onsale'",
    'stock': money('version.record.quantity'),
    'listed_at': local_time('version.record.created_time', "'Asia/Shanghai'"),
    'modified_at': local_time('version.record.update_time', "'Asia/Shanghai'"),
}) }}
