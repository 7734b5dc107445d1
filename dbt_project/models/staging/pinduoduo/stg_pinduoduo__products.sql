{#-
  `is_onsale` and `is_sku_onsale` of `pdd.goods.list.get`. A SKU can be bought only while its goods are on sale, too. The list has no price,
  no category and no times.
-#}
{%- set states = {'0': 'off_sale', '1': 'on_sale'} -%}

{{ products_of(
    'pinduoduo',
    {
        'product_name': 'version.record.goods_name',
        'is_on_sale': is_on_sale('version.record.is_onsale', states),
        'stock': money('version.record.goods_quantity'),
    },
    skus='version.record.sku_list',
    sku={
        'sku_id': 'sku.sku_id',
        'is_on_sale': 'is_on_sale and ' ~ is_on_sale('sku.is_sku_onsale', states),
        'stock': money('sku.sku_quantity'),
    }
) }}
