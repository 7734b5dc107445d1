{# `taobao.items.onsale.get` has items and not their variants. Variants are known only from the order lines that sold them. #}
{{ products_of('taobao', {
    'product_name': 'version.record.title',
    'category_path': 'version.record.cid',
    'list_price': money('version.record.price'),
    'is_on_sale': "version.record.approve_status = 'onsale'",
    'stock': money('version.record.num'),
    'listed_at': local_time('version.record.list_time', "'Asia/Shanghai'"),
    'modified_at': local_time('version.record.modified', "'Asia/Shanghai'"),
}) }}
