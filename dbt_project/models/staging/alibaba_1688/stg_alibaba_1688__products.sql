{#- Statuses: comment of the field `status` in the official SDK (com.alibaba.product). -#}
{%- set states = {
    'published': 'on_sale',
    'member expired': 'off_sale',
    'auto expired': 'off_sale',
    'expired': 'off_sale',
    'member deleted': 'off_sale',
    'modified': 'off_sale',
    'new': 'off_sale',
    'deleted': 'off_sale',
    'TBD': 'off_sale',
    'approved': 'off_sale',
    'auditing': 'off_sale',
    'untread': 'off_sale',
} -%}

{#- An offer has prices by quantity (`priceRanges`, the smallest quantity first) or a price for each SKU. -#}
{%- set by_quantity = money(first_of('version.record.saleInfo.priceRanges') ~ '.price') -%}
{%- set of_first_sku = money(first_of('version.record.skuInfos') ~ '.price') -%}

{{ products_of(
    'alibaba_1688',
    {
        'product_name': 'version.record.subject',
        'category_path': 'version.record.categoryID',
        'by_quantity': by_quantity,
        'list_price': 'coalesce(' ~ by_quantity ~ ', ' ~ of_first_sku ~ ')',
        'is_on_sale': is_on_sale('version.record.status', states),
        'stock': money('version.record.saleInfo.amountOnSale'),
        'listed_at': compact_time('version.record.createTime'),
        'modified_at':
            'coalesce(' ~ compact_time('version.record.modifyTime') ~ ', ' ~ compact_time('version.record.lastUpdateTime') ~ ')',
    },
    skus='version.record.skuInfos',
    sku={
        'sku_id': 'sku.skuId',
        'list_price': 'coalesce(' ~ money('sku.price') ~ ', by_quantity)',
        'stock': money('sku.amountOnSale'),
    }
) }}
