{#- buyable of product.getDetailSkuList. -#}
{%- set states = {'true': 'on_sale', 'false': 'off_sale'} -%}

{# As in the lines of orders, the SKU is the product: a line names no other. #}
select
    'xiaohongshu' as platform,
    version.account_id,
    account.store_id,
    version.record_key as product_id,
    {{ null_as('text') }} as sku_id,
    version.record.sku.name as product_name,
    version.record.item.categoryId as category_path,
    {{ hundredths('version.record.sku.price') }} as list_price,
    account.currency,
    {{ is_on_sale('version.record.sku.buyable', states) }} as is_on_sale,
    {{ money('version.record.sku.stock') }} as stock,
    {{ epoch_time('version.record.sku.createTime', 1000) }} as listed_at,
    {{ epoch_time('version.record.sku.updateTime', 1000) }} as modified_at,
    version.cursor_at as valid_from_at,
    version.valid_until_at,
    version.load_id
from {{ ref('base_xiaohongshu__products') }} as version
left join {{ source('raw_daybook', 'accounts') }} as account
    on version.account_id = account.account_id
