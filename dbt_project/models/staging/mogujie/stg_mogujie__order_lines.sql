with

exploded as (
    select
        account_id,
        record_key as order_id,
        load_id,
        {{ explode('latest.record.itemOrderInfos') }} as line
    from {{ ref('base_mogujie__orders') }} as latest
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        exploded.line.itemOrderId as line_id,
        exploded.line.itemId as product_id,
        exploded.line.skuId as sku_id,
        exploded.line.title as product_name,
        {{ money('exploded.line.number') }} as quantity,
        cast({{ hundredths('exploded.line.price') }} * {{ money('exploded.line.number') }} as decimal(18, 4)) as list_amount,
        cast({{ hundredths('exploded.line.nowPrice') }} * {{ money('exploded.line.number') }} as decimal(18, 4)) as line_amount
    from exploded
)

select
    'mogujie' as platform,
    lines.account_id,
    account.store_id,
    order_id,
    line_id,
    product_id,
    nullif(nullif(sku_id, ''), '0') as sku_id,
    product_name,
    {{ null_as('text') }} as category_path,
    'product' as line_class,
    quantity,
    coalesce(list_amount, line_amount) as list_amount,
    cast(coalesce(list_amount, line_amount) - coalesce(line_amount, list_amount) as decimal(18, 4)) as merchant_item_discount,
    cast(0 as decimal(18, 4)) as line_platform_subsidy,
    coalesce(line_amount, list_amount) as line_amount,
    cast(0 as decimal(18, 4)) as line_tax,
    load_id
from lines
left join {{ source('raw_daybook', 'accounts') }} as account
    on lines.account_id = account.account_id
