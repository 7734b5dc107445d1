{#- buyable of product.getDetailSkuList. -#}
{%- set states = {'true': 'on_sale', 'false': 'off_sale'} -%}

{# As in the lines of orders, the SKU is the product: a line names no other. #}
select
    'xiaohongshu' as platform,
    latest.account_id,
    account.store_id,
    latest.record_key as product_id,
    {{ null_as('text') }} as sku_id,
    latest.record.sku.name as product_name,
    latest.record.item.categoryId as category_path,
    {{ hundredths('latest.record.sku.price') }} as list_price,
    account.currency,
    {{ is_on_sale('latest.record.sku.buyable', states) }} as is_on_sale,
    {{ money('latest.record.sku.stock') }} as stock,
    {{ epoch_time('latest.record.sku.createTime', 1000) }} as listed_at,
    {{ epoch_time('latest.record.sku.updateTime', 1000) }} as modified_at,
    latest.load_id
from {{ ref('base_xiaohongshu__products') }} as latest
left join {{ source('raw_daybook', 'accounts') }} as account
    on latest.account_id = account.account_id
