{#- The values of `shelfStatus` are not documented: they are read like those of the request's `onOfflineStatus`. -#}
{%- set states = {'0': 'off_sale', '1': 'on_sale'} -%}

{{ products_of(
    'kuaishou_shop',
    {
        'product_name': 'version.record.title',
        'category_path': 'version.record.categoryId',
        'list_price': hundredths('version.record.price'),
        'is_on_sale': is_on_sale('version.record.shelfStatus', states),
        'stock': array_told_sum('version.record.skuList', 'sku', money('sku.skuStock')),
        'listed_at': epoch_time('version.record.createTime', 1000),
        'modified_at': epoch_time('version.record.updateTime', 1000),
    },
    skus='version.record.skuList',
    sku={
        'sku_id': 'sku.kwaiSkuId',
        'list_price': hundredths('sku.skuSalePrice'),
        'stock': money('sku.skuStock'),
    }
) }}
