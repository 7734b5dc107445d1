{# An order has exactly one item, so its line takes the order's id. #}
with

lines as (
    select
        latest.account_id,
        latest.record_key as order_id,
        latest.load_id,
        latest.record.orderItemInfo.itemId as product_id,
        nullif(nullif(latest.record.orderItemInfo.skuId, ''), '0') as sku_id,
        latest.record.orderItemInfo.itemTitle as product_name,
        {{ money('latest.record.orderItemInfo.num') }} as quantity,
        cast(
            {{ hundredths('latest.record.orderItemInfo.originalPrice') }} * {{ money('latest.record.orderItemInfo.num') }}
            as decimal(18, 4)
        ) as list_amount,
        {{ hundredths('latest.record.orderBaseInfo.totalFee') }}
            - coalesce({{ hundredths('latest.record.orderBaseInfo.expressFee') }}, 0) as line_amount
    from {{ ref('base_kuaishou_shop__orders') }} as latest
)

select
    'kuaishou_shop' as platform,
    lines.account_id,
    account.store_id,
    order_id,
    order_id as line_id,
    product_id,
    sku_id,
    product_name,
    {{ null_as('text') }} as category_path,
    'product' as line_class,
    quantity,
    list_amount,
    cast(list_amount - line_amount as decimal(18, 4)) as merchant_item_discount,
    cast(0 as decimal(18, 4)) as line_platform_subsidy,
    cast(line_amount as decimal(18, 4)) as line_amount,
    cast(0 as decimal(18, 4)) as line_tax,
    load_id
from lines
left join {{ source('raw_daybook', 'accounts') }} as account
    on lines.account_id = account.account_id
