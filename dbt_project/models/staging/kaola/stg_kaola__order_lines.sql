with

exploded as (
    select
        account_id,
        record_key as order_id,
        load_id,
        {{ explode('latest.record.order_skus') }} as line
    from {{ ref('base_kaola__orders') }} as latest
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        exploded.line.sku_key as sku_id,
        exploded.line.goods_no as product_id,
        exploded.line.product_name as product_name,
        {{ money('exploded.line.count') }} as quantity,
        cast({{ money('exploded.line.origin_price') }} * {{ money('exploded.line.count') }} as decimal(18, 4)) as list_amount,
        coalesce({{ money('exploded.line.activity_totle_amount') }}, 0) as activity,
        coalesce({{ money('exploded.line.coupon_totle_amount') }}, 0) as coupon
    from exploded
)

select
    'kaola' as platform,
    lines.account_id,
    account.store_id,
    order_id,
    {{ line_id_of('sku_id', 'list_amount desc, quantity desc, activity, coupon') }} as line_id,
    product_id,
    sku_id,
    product_name,
    {{ null_as('text') }} as category_path,
    'product' as line_class,
    quantity,
    list_amount,
    cast(activity as decimal(18, 4)) as merchant_item_discount,
    cast(coupon as decimal(18, 4)) as line_platform_subsidy,
    cast(list_amount - activity - coupon as decimal(18, 4)) as line_amount,
    cast(0 as decimal(18, 4)) as line_tax,
    load_id
from lines
left join {{ source('raw_daybook', 'accounts') }} as account
    on lines.account_id = account.account_id
