with

exploded as (
    select
        account_id,
        record_key as order_id,
        load_id,
        {{ explode('latest.record.productItems') }} as line
    from {{ ref('base_alibaba_1688__orders') }} as latest
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        exploded.line.subItemIDString as line_id,
        exploded.line.productID as product_id,
        nullif(nullif(exploded.line.skuID, ''), '0') as sku_id,
        exploded.line.name as product_name,
        {{ money('exploded.line.quantity') }} as quantity,
        cast({{ money('exploded.line.price') }} * {{ money('exploded.line.quantity') }} as decimal(18, 4)) as list_amount,
        {# `itemAmount` is what the buyer paid, after the line's own discount and its shares of the order's discount and the coupon. #}
        {{ money('exploded.line.itemAmount') }} as line_amount
    from exploded
)

select
    'alibaba_1688' as platform,
    lines.account_id,
    account.store_id,
    order_id,
    line_id,
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
