{#- `buyable` of `product.getDetailSkuList`. -#}
{%- set states = {'true': 'on_sale', 'false': 'off_sale'} -%}

{# Order lines name only the SKU, so each SKU stands as a product of its own. #}
{{ products_of('xiaohongshu', {
    'product_name': 'version.record.sku.name',
    'category_path': 'version.record.item.categoryId',
    'list_price': hundredths('version.record.sku.price'),
    'is_on_sale': is_on_sale('version.record.sku.buyable', states),
    'stock': money('version.record.sku.stock'),
    'listed_at': epoch_time('version.record.sku.createTime', 1000),
    'modified_at': epoch_time('version.record.sku.updateTime', 1000),
}) }}
