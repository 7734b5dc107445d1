{# The lists tell of items, not of their variants; variants are known from the lines that sold them. #}
{{ products_of('youzan', {
    'product_name': 'version.record.title',
    'list_price': hundredths('version.record.price'),
    'is_on_sale': "version.record.shelf = 'onsale'",
    'stock': money('version.record.quantity'),
    'listed_at': local_time('version.record.created_time', "'Asia/Shanghai'"),
    'modified_at': local_time('version.record.update_time', "'Asia/Shanghai'"),
}) }}
