with

exploded as (
    select
        account_id,
        record_key as order_id,
        load_id,
        {{ explode('latest.record.detail.ItemsList.ItemInfo') }} as line
    from {{ ref('base_dangdang__orders') }} as latest
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        exploded.line.itemID as product_id,
        exploded.line.itemName as product_name,
        {{ money('exploded.line.orderCount') }} as quantity,
        cast({{ money('exploded.line.unitPrice') }} * {{ money('exploded.line.orderCount') }} as decimal(18, 4)) as list_amount
    from exploded
)

select
    'dangdang' as platform,
    lines.account_id,
    account.store_id,
    order_id,
    {{ line_id_of('product_id', 'list_amount desc, quantity desc') }} as line_id,
    product_id,
    {{ null_as('text') }} as sku_id,
    product_name,
    {{ null_as('text') }} as category_path,
    'product' as line_class,
    quantity,
    list_amount,
    cast(0 as decimal(18, 4)) as merchant_item_discount,
    cast(0 as decimal(18, 4)) as line_platform_subsidy,
    list_amount as line_amount,
    cast(0 as decimal(18, 4)) as line_tax,
    load_id
from lines
left join {{ source('raw_daybook', 'accounts') }} as account
    on lines.account_id = account.account_id
